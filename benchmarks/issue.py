"""Eight clients who issue 400 invoices at once, and the cost of a Factur-X PDF: `python -m benchmarks.issue`.

The bare transaction is the same action, `billing.actions.issuing.issue`, by one client alone, before and after the
others of the same run. Each client has a connection of its own and waits for each answer before its next invoice.

A PDF is what the drawing process makes of an invoice once it is warm: Typst alone, then the XML, its XSD, both
schematrons and the metadata beside it, of the same invoices in turn. Its target is in milliseconds of this process's
processors, so that other programs on the machine do not count; those of the clock are shown too.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks import dataset
from benchmarks.clients import drive, median, p95
from benchmarks.report import Report, main
from benchmarks.stage import staged

CLIENTS, INVOICES, ALONE = 8, 400, 100
LINES = (("Salle", 2, "17.50", "20"), ("Repas", 3, "12.90", "10"), ("Poste libre", 1, "0.03", "20"))
LIMIT, PDF_LIMIT_MS = 3, 60
NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
BEFORE, AFTER = NOW.replace(year=2025), NOW.replace(year=2027)  # series of their own


def run(size: dataset.Size) -> Report:
    report = Report("issue", size.name)
    invoices, alone = (16, 4) if size.is_for_tests else (INVOICES, ALONE)
    with staged(dataset.TINY) as stage:
        from django.db import connections  # noqa: PLC0415 - the settings are chosen by the stage

        drafts = _drafts(_customer(), invoices + 2 * (alone + CLIENTS))
        shares = [drafts[alone + n : alone + invoices : CLIENTS] for n in range(CLIENTS)]
        connections.close_all()  # the clients are forks of this process
        drive([_issuing(drafts[-1 - n :: -CLIENTS][:2], BEFORE) for n in range(CLIENTS)], CLIENTS)  # the first are slow
        (before,) = drive([_issuing(drafts[:alone], BEFORE)])
        together = drive([_issuing(share, NOW) for share in shares], CLIENTS)
        (after,) = drive([_issuing(drafts[alone + invoices : 2 * alone + invoices], AFTER)])
        stage.say(f"{invoices} invoices issued by {CLIENTS} clients")
        _issued(report, [ms for times in together for ms in times], before + after)
        _numbers(report, invoices)
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

        took = []
        for pk in drafts:
            began = time.perf_counter()
            issue(draft_id=pk, by=None, now=now)
            took.append((time.perf_counter() - began) * 1000)
        connection.close()
        return took

    return work


# -- What is reported -------------------------------------------------------------------------------------------------


def _issued(report: Report, together: list[float], alone: list[float]) -> None:
    report.figures["issuing"] = {"p95_ms": p95(together), "median_ms": median(together), "load": os.getloadavg()[0]}
    report.baselines["one client alone"] = {"p95_ms": p95(alone), "median_ms": median(alone)}
    report.ratios["issuing"] = p95(together) / p95(alone)
    report.ratios["issuing, medians"] = median(together) / median(alone)
    report.at_most("p95 of issuing by eight clients / by one alone", report.ratios["issuing"], LIMIT)


def _numbers(report: Report, invoices: int) -> None:
    from totem.billing.models import IssuedDocument  # noqa: PLC0415

    numbers = sorted(IssuedDocument.objects.filter(issued_on=NOW.date()).values_list("number", flat=True))
    wrong = len(set(numbers) ^ set(range(1, invoices + 1))) + len(numbers) - len(set(numbers))
    report.exactly(f"numbers missing, twice or beyond 1 to {invoices}", wrong, 0)


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
        data, terms = drawing._data(content), facturx.terms(content)
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
