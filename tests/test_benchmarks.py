"""How the benchmarks judge and report results. `make bench-check` runs the benchmarks (benchmarks/test_runs.py)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from benchmarks import contests, dataset
from benchmarks.contests import Attempt, Verdict, judge
from benchmarks.report import Report

TEN = datetime(2027, 3, 1, 10, tzinfo=ZoneInfo("Europe/Paris"))


class TestReport:
    def test_a_missed_target_is_not_ok(self):
        report = Report("contention", "S")
        report.exactly("overlaps", 0, 0)
        assert report.ok

        report.at_most("ratio", 3.01, 3)

        assert not report.ok

    def test_no_target_is_not_ok(self):
        assert not Report("contention", "S").ok

    def test_it_is_one_line(self):
        assert "\n" not in Report("contention", "S", figures={"words": "two\nlines"}).line()


class TestJudge:
    """As many bookings are accepted as fit: none overlaps another, none is refused where it would have fitted."""

    def room(self, minutes_later: int = 0, minutes: int = 60) -> Attempt:
        return Attempt("0 same", contests.ROOM, TEN + timedelta(minutes=minutes_later), minutes)

    def verdict(self, attempts: list[Attempt], statuses: list[int]) -> Verdict:
        return judge(dataset.S, [[attempt] for attempt in attempts], [[status] for status in statuses])

    def test_one_of_two_gets_the_room(self):
        assert self.verdict([self.room(), self.room()], [409, 303]) == Verdict(accepted=1, refused=1, fit=1)

    def test_both_get_the_room(self):
        assert self.verdict([self.room(), self.room(30)], [303, 303]) == Verdict(accepted=2, fit=1)

    def test_nobody_gets_the_room(self):
        assert self.verdict([self.room(), self.room()], [409, 409]) == Verdict(refused=2, fit=1)

    def test_one_after_the_other_both_fit(self):
        assert self.verdict([self.room(), self.room(60)], [303, 409]) == Verdict(accepted=1, refused=1, fit=2)

    def test_halves_go_together_but_not_with_the_whole(self):
        attempts = [Attempt("0 composite", space, TEN, 60) for space in (*contests.HALVES, contests.WHOLE)]

        assert self.verdict(attempts, [303, 303, 409]) == Verdict(accepted=2, refused=1, fit=2)
        assert self.verdict(attempts, [409, 409, 303]) == Verdict(accepted=1, refused=2, fit=1)

    def test_a_pool_has_so_many(self):
        half = dataset.S.hot_desks // 2
        attempts = [Attempt("0 pool", contests.POOL, TEN, 60, half) for _ in range(3)]

        assert self.verdict(attempts, [303, 303, 409]) == Verdict(accepted=2, refused=1, fit=2)
        assert self.verdict(attempts, [303, 303, 303]) == Verdict(accepted=3, fit=2)

    def test_the_time_kept_free_after_a_machine_counts(self):
        attempts = [Attempt("0 buffer", contests.MACHINE, TEN + timedelta(hours=hour), 60) for hour in (0, 1)]

        assert self.verdict(attempts, [303, 303]) == Verdict(accepted=2, fit=1)

    def test_an_error_is_neither_accepted_nor_refused(self):
        assert self.verdict([self.room(), self.room()], [303, 500]) == Verdict(accepted=1, neither=1, fit=1)
