"""Eight clients who issue 400 invoices at once, and the cost of a Factur-X PDF: `python -m benchmarks.issue`.

The bare transaction is what `billing.actions.issuing.issue` asks of the database: its own statements, with the same
locks, over psycopg alone, by as many clients for as many drafts. Each client is a process with a connection of its own
and waits for each answer before its next invoice. The same action by one client alone is measured too: of two cores,
eight clients that never pause have a quarter each.

A PDF is what the drawing process makes of an invoice once it is warm: Typst alone, then the XML, its XSD, both
schematrons and the metadata beside it, of the same invoices in turn. Its target is in milliseconds of this process's
processors, so that other programs on the machine do not count; those of the clock are shown too.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from itertools import chain, islice
from typing import Any

import psycopg

from benchmarks import dataset
from benchmarks.bare import recorded_statements
from benchmarks.clients import drive, median, p95
from benchmarks.report import Report, main
from benchmarks.stage import Stage, staged
from totem.core.canonical import digest

CLIENTS, INVOICES, ALONE = 8, 400, 100
LINES = (("Salle", 2, "17.50", "20"), ("Repas", 3, "12.90", "10"), ("Poste libre", 1, "0.03", "20"))
LIMIT, PDF_LIMIT_MS = 3, 60
NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
BEFORE, AFTER, BARE = NOW.replace(year=2025), NOW.replace(year=2027), NOW.replace(year=2028)  # series of their own
RECORDED_DRAFT, RECORDED_DOCUMENT = 900_000_001, 800_000_001  # the only numbers of that size in the statements


def run(size: dataset.Size) -> Report:
    report = Report("issue", size.name)
    invoices, alone = (16, 4) if size.is_for_tests else (INVOICES, ALONE)
    with staged(dataset.TINY) as stage:
        from django.db import connections  # noqa: PLC0415 - the settings are chosen by the stage

        customer = _customer()
        drafts = iter(_drafts(customer, 2 * (invoices + alone + CLIENTS)))
        script = _recorded(customer, next(drafts))
        connections.close_all()  # the clients are forks of this process
        drive([_issuing([next(drafts)], BEFORE) for _ in range(CLIENTS)], CLIENTS)  # the first is slow
        (before,) = drive([_issuing(list(islice(drafts, alone)), BEFORE)])
        each = invoices // CLIENTS
        together = drive([_issuing(list(islice(drafts, each)), NOW) for _ in range(CLIENTS)], CLIENTS)
        bare = drive([_playing(stage, script, list(islice(drafts, each))) for _ in range(CLIENTS)], CLIENTS)
        (after,) = drive([_issuing(list(islice(drafts, alone)), AFTER)])
        stage.say(f"{invoices} invoices issued by {CLIENTS} clients, and as many in bare SQL")
        _issued(report, chain(*together), chain(*bare), before + after)
        _numbers(report, "numbers", NOW.year, invoices)
        _numbers(report, "numbers in bare SQL", BARE.year, invoices + 2)
        _drawn(report, 3 if size.is_for_tests else 40)
    return report


# -- What is issued ---------------------------------------------------------------------------------------------------


def _customer() -> Any:
    """A company, of a hub whose operator charges VAT."""
    from totem.billing.models import Customer, CustomerKind, Seller, VatPeriod, VatStatus  # noqa: PLC0415
    from totem.hubs.models import Hub  # noqa: PLC0415

    hub = Hub.objects.get(slug=dataset.HUB)
    place = {"street": "1 place de la Gare", "postcode": "80000", "city": "Amiens"}
    seller = Seller.objects.create(
        organisation=hub.operator, name="Banc d’essai", legal_form="Association loi 1901", siren="732829320",
        vat_number="FR44732829320", iban="FR7630006000011234567890189", bic="AGRIFRPPXXX", **place,
    )  # fmt: skip
    VatPeriod.objects.create(seller=seller, starts_on=date(2020, 1, 1), status=VatStatus.TAXABLE)
    return Customer.objects.create(hub=hub, kind=CustomerKind.BUSINESS, name="Client", siren="552100554", **place)


def _drafts(customer: Any, count: int) -> list[int]:
    """The ids of drafts with three lines each, of two rates."""
    from totem.billing.actions.drafts import start_draft  # noqa: PLC0415
    from totem.billing.models import DocumentKind, DraftLine  # noqa: PLC0415

    drafts = [start_draft(customer=customer, kind=DocumentKind.INVOICE).pk for _ in range(count)]
    DraftLine.objects.bulk_create(
        DraftLine(draft_id=pk, label=label, quantity=quantity, unit_price=Decimal(price), vat_rate=Decimal(rate))
        for pk in drafts
        for label, quantity, price, rate in LINES
    )
    return drafts


def _issuing(drafts: Sequence[int], now: datetime) -> Callable[[], list[float]]:
    """A client that issues these drafts one after the other; returns the milliseconds of each."""

    def work() -> list[float]:
        from django.db import connection  # noqa: PLC0415

        from totem.billing.actions.issuing import issue  # noqa: PLC0415

        took = [_timed(partial(issue, draft_id=pk, by=None, now=now))[0] for pk in drafts]
        connection.close()
        return took

    return work


# -- The same in bare SQL ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Script:
    """The statements of one transaction, and what it wrote that differs from draft to draft."""

    statements: list[str]
    reference: str
    number: int
    content: str
    sha256: str

    def for_number(self, sql: str, number: int) -> str:
        reference = f"{self.reference[:-6]}{number:06}"
        sha256 = digest(self.content.replace(self.reference, reference))
        sql = sql.replace(f"{self.number}, '{self.reference}'", f"{number}, '{reference}'")
        return sql.replace(self.reference, reference).replace(self.sha256, sha256)


def _recorded(customer: Any, warm: int) -> Script:
    """The statements of the second invoice of a series; the first one makes it."""
    from django.db import connection  # noqa: PLC0415

    from totem.billing.actions.issuing import issue  # noqa: PLC0415
    from totem.billing.models import Draft, DraftLine  # noqa: PLC0415

    issue(draft_id=warm, by=None, now=BARE)
    (draft,) = _drafts(customer, 1)
    Draft.objects.create(pk=RECORDED_DRAFT, hub=customer.hub, customer=customer)
    DraftLine.objects.filter(draft=draft).update(draft=RECORDED_DRAFT)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT setval('billing_issueddocument_id_seq', {RECORDED_DOCUMENT}, false)")
    with recorded_statements() as statements:
        made = issue(draft_id=RECORDED_DRAFT, by=None, now=BARE)
    inside = [statement.sql for statement in statements if statement.in_transaction]
    return Script(inside, made.reference, made.number, made.content, made.sha256)


def _playing(stage: Stage, script: Script, drafts: Sequence[int]) -> Callable[[], list[float]]:
    """A client that runs the statements for these drafts; returns the milliseconds of each transaction."""

    def play(cursor: psycopg.ClientCursor, draft: int) -> None:
        pk, number = RECORDED_DOCUMENT, script.number
        cursor.execute("BEGIN")
        for sql in script.statements:
            text = script.for_number(sql.replace(str(RECORDED_DRAFT), str(draft)), number)
            cursor.execute(text.replace(str(RECORDED_DOCUMENT), str(pk)))
            rows = cursor.fetchall() if cursor.description else []
            if "nextval" in sql:
                pk = rows[0][0]
            elif "UPDATE billing_series" in sql:
                number = rows[0][1]
        cursor.execute("COMMIT")

    def work() -> list[float]:
        with stage.connect() as connection, psycopg.ClientCursor(connection) as cursor:
            return [_timed(partial(play, cursor, draft))[0] for draft in drafts]

    return work


# -- What is reported -------------------------------------------------------------------------------------------------


def _issued(report: Report, together: Iterable[float], bare: Iterable[float], alone: list[float]) -> None:
    times = {"issuing": list(together), "bare SQL, as many clients": list(bare), "one client alone": alone}
    figures = {name: {"p95_ms": p95(took), "median_ms": median(took)} for name, took in times.items()}
    issuing = figures.pop("issuing")
    report.figures["issuing"] = issuing | {"load": os.getloadavg()[0], "clients": CLIENTS}
    report.baselines |= figures
    for name, baseline in figures.items():
        report.ratios[name] = issuing["p95_ms"] / baseline["p95_ms"]
        report.ratios[f"{name}, medians"] = issuing["median_ms"] / baseline["median_ms"]
    ratio = report.ratios["bare SQL, as many clients"]
    report.at_most("p95 of issuing / the transaction in bare SQL", ratio, LIMIT)


def _numbers(report: Report, what: str, year: int, count: int) -> None:
    from totem.billing.models import IssuedDocument  # noqa: PLC0415

    numbers = sorted(IssuedDocument.objects.filter(issued_on__year=year).values_list("number", flat=True))
    wrong = len(set(numbers) ^ set(range(1, count + 1))) + len(numbers) - len(set(numbers))
    report.exactly(f"{what} missing, twice or beyond 1 to {count}", wrong, 0)


def _drawn(report: Report, count: int) -> None:
    """PDFs with Typst alone and as Factur-X, in turn, in this process."""
    from django.utils import translation  # noqa: PLC0415

    from totem.billing import drawing, facturx  # noqa: PLC0415
    from totem.billing.models import IssuedDocument  # noqa: PLC0415
    from totem.core.rendering import invoices  # noqa: PLC0415

    plain, whole = [], []
    translation.activate("fr")
    for document in IssuedDocument.objects.order_by("pk")[: count + 1]:
        content = json.loads(document.content)
        data, terms = drawing.document_shown(content), facturx.terms(content)
        bare = {name: value for name, value in data.items() if name != "attachment"}
        plain.append(_timed(partial(invoices.pdf, drawing.TEMPLATE, bare, None)))
        whole.append(_timed(partial(invoices.pdf, drawing.TEMPLATE, data, terms)))
    more = [whole_cpu - cpu for (_ms, whole_cpu), (_plain_ms, cpu) in zip(whole[1:], plain[1:], strict=True)]
    report.figures["Factur-X"] = {**_medians(whole[1:]), "first_ms": whole[0][0], "more_cpu_p95_ms": p95(more)}
    report.baselines["Typst alone"] = _medians(plain[1:])
    report.ratios["Factur-X"] = report.figures["Factur-X"]["median_ms"] / report.baselines["Typst alone"]["median_ms"]
    report.at_most(
        "processor milliseconds more of a Factur-X PDF than Typst alone (median)", median(more), PDF_LIMIT_MS
    )


def _timed(draw: Callable[[], object]) -> tuple[float, float]:
    """The milliseconds of the clock and of the processors."""
    began, cpu = time.perf_counter(), time.process_time()
    draw()
    return (time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000


def _medians(times: Sequence[tuple[float, float]]) -> dict[str, float]:
    return {"median_ms": median([ms for ms, _cpu in times]), "cpu_median_ms": median([cpu for _ms, cpu in times])}


if __name__ == "__main__":
    main("issue", run)
