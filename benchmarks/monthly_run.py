"""The first of the month of 120 and of 1,200 members: `python -m benchmarks.monthly_run`.

Each member has an agreement and a believable month: 14 visits that spent credits, 4 bookings of which two are due, so
that an invoice has three lines. PDFs are not drawn. Then the same for two runs at once, and for a run that is killed
at a random moment and run again: numbers have no gap, each member has one invoice, and the total is that of the run
before. Each preview is measured too.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks import dataset
from benchmarks.clients import drive
from benchmarks.report import Report, main
from benchmarks.stage import staged

FEW, MANY = 120, 1_200
MOST_SECONDS, MOST_QUERIES = 60, 5
VISITS, BOOKINGS = 14, 2
RATE = Decimal(20)
RUNS = {"few": 2023, "many": 2024, "two at once": 2025, "killed": 2026}
"""The year of each run, whose January is invoiced: a series of its own, that starts at 1."""


def run(size: dataset.Size) -> Report:
    report = Report("monthly_run", size.name)
    few, many = (6, 12) if size.is_for_tests else (FEW, MANY)
    with staged(dataset.TINY) as stage:
        from django.db import connections  # noqa: PLC0415 - the settings are chosen by the stage

        from totem.memberships.queries.monthly_run import preview  # noqa: PLC0415

        hub = _seller()
        figures, totals = {}, {}
        for name, members in (("few", few), ("many", many)):
            made = _members(hub, members, RUNS[name])
            previewed = _measured(partial(preview, hub, date(RUNS[name], 1, 1)), 1)
            figures[f"preview of {name}"] = {**previewed, "queries": previewed.pop("queries_a_member")}
            figures[name] = _measured(_run_of(hub, RUNS[name]), members)
            stage.say(f"{members} members invoiced in {figures[name]['seconds']:.1f} s")
            totals[name] = _invoiced_once(report, name, made)
        report.figures = figures | {"load": os.getloadavg()[0]}
        report.ratios["queries a member, many / few"] = (
            figures["many"]["queries_a_member"] / figures["few"]["queries_a_member"]
        )
        report.at_most("queries a member", max(figures[name]["queries_a_member"] for name in totals), MOST_QUERIES)
        report.at_most("queries a member of many / of few", report.ratios["queries a member, many / few"], 1)
        asked = [figures[f"preview of {name}"]["queries"] for name in totals]
        report.exactly("queries more of the preview of many than of few", max(0, asked[1] - asked[0]), 0)
        report.at_most(f"seconds for {many} members, without PDF", figures["many"]["seconds"], MOST_SECONDS)
        made = _members(hub, many, RUNS["two at once"])
        month = _run_of(hub, RUNS["two at once"])
        connections.close_all()  # the clients are forks of this process
        drive([month, month], 2)
        totals["two at once"] = _invoiced_once(report, "two at once", made)
        made = _members(hub, many, RUNS["killed"])
        month = _run_of(hub, RUNS["killed"])
        connections.close_all()
        _killed(month, figures["many"]["seconds"])
        _run_of(hub, RUNS["killed"])()
        totals["killed"] = _invoiced_once(report, "killed", made)
        for name in ("two at once", "killed"):
            report.exactly(f"{name}: euros more or less than alone", float(abs(totals[name] - totals["many"])), 0)
    return report


def _seller() -> Any:
    """The hub, whose operator charges VAT."""
    from totem.billing.models import Seller, VatPeriod, VatStatus  # noqa: PLC0415
    from totem.hubs.models import Hub  # noqa: PLC0415

    hub = Hub.objects.get(slug=dataset.HUB)
    seller = Seller.objects.create(
        organisation=hub.operator, name="Banc d’essai", legal_form="Association loi 1901", siren="732829320",
        vat_number="FR44732829320", street="1 place de la Gare", postcode="80000", city="Amiens",
    )  # fmt: skip
    VatPeriod.objects.create(seller=seller, starts_on=date(2020, 1, 1), status=VatStatus.TAXABLE)
    return hub


def _members(hub: Any, count: int, year: int) -> list[int]:
    """The ids of so many customers under an agreement that starts that year, with what they booked the month before."""
    from totem.billing.models import Customer, CustomerKind, Draft, DraftLine  # noqa: PLC0415
    from totem.memberships import models  # noqa: PLC0415

    start = date(year, 1, 1)
    plan = models.Plan.objects.create(hub=hub, name=f"Mois complet {year}")
    customers = Customer.objects.bulk_create(
        Customer(
            hub=hub, kind=CustomerKind.CONSUMER, name=f"Membre {year} {number}", street="2 rue des Jacobins",
            postcode="80000", city="Amiens",
        )
        for number in range(count)
    )  # fmt: skip
    agreements = models.Agreement.objects.bulk_create(
        models.Agreement(
            hub=hub, customer=customer, state="active", starts_on=start, ends_on=date(year, 1, 31), signed_on=start
        )
        for customer in customers
    )
    models.AgreementTerms.objects.bulk_create(
        models.AgreementTerms(agreement=one, plan=plan, amount=Decimal(180), vat_rate=RATE, starts_on=start)
        for one in agreements
    )
    lots = models.CreditLot.objects.bulk_create(
        models.CreditLot(
            hub=hub,
            customer=one.customer,
            unit="day",
            starts_on=start,
            plan=plan,
            agreement=one,
            source=f"{one.pk}:day",
        )
        for one in agreements
    )
    now = datetime(year, 1, 1, tzinfo=UTC)
    entries = [("grant", 2 * VISITS), *[("spend", -1)] * VISITS]
    models.CreditEntry.objects.bulk_create(
        models.CreditEntry(lot=lot, kind=kind, quantity=quantity, at=now) for lot in lots for kind, quantity in entries
    )
    drafts = Draft.objects.bulk_create(Draft(hub=hub, customer=customer) for customer in customers)
    DraftLine.objects.bulk_create(
        DraftLine(
            draft=draft, label="Salle de réunion, deux heures", unit_price=Decimal("17.90"), vat_rate=RATE,
            source=f"booking:{year}{draft.pk}{number}", starts_on=date(year - 1, 12, 9), ends_on=date(year - 1, 12, 9),
        )
        for draft in drafts
        for number in range(BOOKINGS)
    )  # fmt: skip
    return [customer.pk for customer in customers]


def _run_of(hub: Any, year: int) -> Callable[[], bool]:
    """What does the run of January of that year, and returns True."""
    from totem.memberships.actions.monthly_run import run_month  # noqa: PLC0415
    from totem.memberships.models import MonthlyRun  # noqa: PLC0415

    now = datetime(year, 1, 1, 9, tzinfo=UTC)
    month, _made = MonthlyRun.objects.get_or_create(hub=hub, month=date(year, 1, 1), defaults={"started_at": now})

    def work() -> bool:
        run_month(run=month, now=now)
        return True

    return work


def _measured(work: Callable[[], object], members: int) -> dict[str, float]:
    """The seconds and the queries of a run in this process."""
    from django.db import connection  # noqa: PLC0415

    count = 0

    def counting(execute: Any, *args: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*args)

    began, cpu = time.perf_counter(), time.process_time()
    with connection.execute_wrapper(counting):
        work()
    seconds, processor = time.perf_counter() - began, time.process_time() - cpu
    return {"seconds": seconds, "processor_seconds": processor, "queries_a_member": count / members}


def _killed(work: Callable[[], bool], seconds: float) -> None:
    """Do the work in a process that is killed at a random moment of it."""
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    time.sleep(seconds * random.uniform(0.2, 0.8))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _invoiced_once(report: Report, name: str, customers: list[int]) -> Decimal:
    """Each customer has one invoice of three lines, and their numbers are 1 to as many; returns the total, in euros."""
    from django.db.models import Count, Sum  # noqa: PLC0415

    from totem.billing.models import IssuedDocument  # noqa: PLC0415

    rows = IssuedDocument.objects.filter(issued_on__year=RUNS[name]).annotate(count=Count("lines"))
    found = list(rows.values_list("number", "customer", "count"))
    numbers = Counter(number for number, _customer, _count in found)
    owners = Counter(customer for _number, customer, _count in found)
    wrong = sum((numbers - Counter(range(1, len(customers) + 1))).values())
    wrong += sum(abs(owners[pk] - 1) for pk in customers) + sum(count != BOOKINGS + 1 for *_ids, count in found)
    report.exactly(f"{name}: invoices missing, twice, or not of three lines, numbers with a gap", wrong, 0)
    total: Decimal = rows.order_by().aggregate(total=Sum("gross"))["total"]
    return total


if __name__ == "__main__":
    main("monthly_run", run)
