"""`core.clock`: the time of the database, also while it is unavailable; no module reads the clock of its machine."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.db import DatabaseError, OperationalError, connection, models, transaction

from tests.factories.accounts import UserFactory
from tests.factories.spaces import SpaceFactory
from totem.bookings import actions, rules
from totem.bookings.actions import Booker, Guest
from totem.bookings.models import Booking
from totem.core import clock
from totem.core.models import Mail
from totem.core.periods import Period, ceil_to_step

ROOT = Path(__file__).resolve().parents[2]
MODULES = {path for path in (ROOT / "totem").rglob("*.py") if path.parent.name != "migrations"}
# Functions that return the machine's time with any arguments, and those that do without arguments.
READS_THE_MACHINE = {"timezone.now", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
READS_IT_WITHOUT_ARGUMENTS = {"timezone.localdate", "timezone.localtime", "localdate", "localtime"}
PARIS = ZoneInfo("Europe/Paris")
MINUTE = timedelta(minutes=1)


def machine_clocks(source: str) -> Iterator[int]:
    """The lines of a module that read the clock of the machine."""
    for node in ast.walk(ast.parse(source)):
        named = isinstance(node, ast.Attribute) and ".".join(ast.unparse(node).split(".")[-2:]) in READS_THE_MACHINE
        imported = isinstance(node, ast.ImportFrom) and node.module == "django.utils.timezone"
        bare = isinstance(node, ast.Call) and not node.args and ast.unparse(node.func) in READS_IT_WITHOUT_ARGUMENTS
        if named or imported or bare:
            yield node.lineno


def by_the_database() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def break_the_transaction() -> None:
    with connection.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute("SELECT FROM no_such_table")


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not yet read the time from the database."""
    monkeypatch.setattr(clock, "_reading", None)


@pytest.fixture
def stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that last read the time from the database too long ago to use it."""
    clock.now()
    monkeypatch.setattr(clock, "FRESH_SECONDS", -1)


def test_no_room_reads_the_clock_of_its_machine():
    others = sorted(MODULES - {Path(clock.__file__)})
    found = [f"{path.relative_to(ROOT)}:{line}" for path in others for line in machine_clocks(path.read_text())]
    templates = [path for path in (ROOT / "totem").rglob("*.*") if path.suffix in {".html", ".txt", ".ics"}]
    found += [str(path.relative_to(ROOT)) for path in templates if re.search(r"{%\s*now\b", path.read_text())]
    assert found == []


def test_a_machine_clock_is_found_where_it_is_read():
    source = """
a = datetime.now(UTC)
b = timezone.localdate()
c = timezone.now
d = timezone.localdate(now)
e = datetime.datetime.utcnow()
from django.utils.timezone import now
"""
    assert sorted(machine_clocks(source)) == [2, 3, 4, 6, 7]


def test_every_row_that_is_dated_by_itself_is_dated_by_the_database():
    own = [model for model in apps.get_models() if model.__module__.startswith("totem.")]
    dated = [field for model in own for field in model._meta.fields if isinstance(field, models.DateField)]
    by_itself = [field for field in dated if field.auto_now or field.auto_now_add]
    assert len(by_itself) > 20
    assert [str(field) for field in by_itself if not isinstance(field, clock.TimestampField)] == []


@pytest.mark.django_db
class TestNow:
    def test_it_is_the_databases_and_aware(self, unread):
        before = by_the_database()
        now = clock.now()
        assert now.utcoffset() == timedelta(0)
        assert before - MINUTE < now < by_the_database() + MINUTE

    def test_it_does_not_go_backwards(self):
        moments = [clock.now() for _ in range(1000)]
        assert moments == sorted(moments)

    def test_no_page_has_a_statement_more_for_it(self, stale, django_assert_num_queries):
        with django_assert_num_queries(0):
            clock.now()

    def test_the_day_is_that_of_the_zone(self, monkeypatch):
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 7, 14, 22, 30, tzinfo=UTC))
        assert clock.today().isoformat() == clock.today(PARIS).isoformat() == "2026-07-15"
        assert clock.today(ZoneInfo("America/Martinique")).isoformat() == "2026-07-14"

    def test_a_transaction_that_failed_goes_on_with_the_last_reading(self, stale):
        with transaction.atomic():
            break_the_transaction()
            assert abs(clock.now() - datetime.now(UTC)) < MINUTE
            transaction.set_rollback(True)

    def test_a_failed_transaction_without_a_reading_says_so(self, unread):
        with transaction.atomic():
            break_the_transaction()
            with pytest.raises(DatabaseError, match="clock cannot be read"):
                clock.now()
            transaction.set_rollback(True)

    def test_a_row_is_dated_by_it(self, monkeypatch):
        monkeypatch.setattr(clock, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
        (made,) = Mail.objects.bulk_create([Mail(key="a", message_id="a", to="a@example.org", language="fr")])
        monkeypatch.setattr(clock, "now", lambda: datetime(2020, 1, 2, tzinfo=UTC))
        made.save()
        made.refresh_from_db()
        assert (made.created_at.day, made.updated_at.day) == (1, 2)


def test_while_the_database_is_unavailable_time_goes_on_from_the_last_reading(committed_db, stale, monkeypatch):
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    assert abs(clock.now() - datetime.now(UTC)) < MINUTE
    monkeypatch.setattr(clock, "_reading", None)
    with pytest.raises(OperationalError):
        clock.now()


@pytest.mark.parametrize("ahead", [20, -20])
def test_a_machine_twenty_minutes_off_decides_as_the_others(committed_db, ahead):
    space = SpaceFactory(all_night=True, min_notice_minutes=60, step_minutes=5, min_minutes=5)
    UserFactory()
    now = clock.now()

    def hold(guest: str, *, ago: timedelta, hour: int) -> None:
        start = ceil_to_step(now + timedelta(hours=hour), space.step, PARIS)
        booker = Booker(by=None, guest=Guest(guest, "guest@example.org"))
        actions.book(space=space, period=Period(start, start + 5 * MINUTE), booker=booker, now=now - ago)

    hold("runs out in five minutes", ago=rules.GUEST_HOLD - 5 * MINUTE, hour=24)
    hold("ran out five minutes ago", ago=rules.GUEST_HOLD + 5 * MINUTE, hour=30)
    # By the machine's own clock the answer would be the other one: the hour of notice is judged by the database's.
    start = ceil_to_step(now + (65 if ahead > 0 else 50) * MINUTE, space.step, PARIS).astimezone(PARIS)
    fields = {"date": f"{start:%Y-%m-%d}", "time": f"{start:%H:%M}", "minutes": "5"}
    before = by_the_database()
    child = subprocess.run(
        [sys.executable, "-m", "tests.core.other_machine", str(ahead), json.dumps(fields)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    output = json.loads(child.stdout)
    assert timedelta(seconds=output["ahead"]) // MINUTE in {ahead - 1, ahead}
    assert output["holds"] == {"runs out in five minutes": "held", "ran out five minutes ago": "expired"}
    assert output["answer"] == (303 if ahead > 0 else 422)
    assert Booking.objects.filter(status="confirmed").exists() == (ahead > 0)
    assert before - MINUTE < datetime.fromisoformat(output["written"]) < by_the_database() + MINUTE
