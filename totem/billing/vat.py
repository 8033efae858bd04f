"""The VAT that a seller owes for a month, per document and rate, and what is left of an invoice per rate."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from totem.billing.amounts import RateTotal, paid_shares
from totem.billing.models import Deduction, DocumentKind, IssuedDocument, IssuedLine, Payment, Seller
from totem.billing.queries import OWED
from totem.billing.wording import ON_DEBITS
from totem.core.money import to_cents
from totem.core.periods import months_before

RateKey = tuple[Decimal, str]


@dataclass(frozen=True)
class VatRow:
    """What one invoice adds to the VAT due for a month at one rate: `rate` in euros, negative where it takes off."""

    document: IssuedDocument
    is_on_debits: bool
    rate: RateTotal


def vat_rows(seller: Seller, month: date) -> list[VatRow]:
    """What the VAT due for the month of which `month` is the first day is made of, by number of the invoices.

    On services it is due on what is paid (CGI art. 269, 2 c), of invoices that state the option for debits on what is
    invoiced less what is credited. It is what is due until the end of the month less what was until its beginning, so
    that the months of an invoice add up to its VAT to the cent, over part payments, credit notes and refunds. What was
    paid beyond an invoice is of no rate.
    """
    end = months_before(month, -1)
    chains = _connected(_changed(seller, month, end))
    before, until = _until(chains, month), _until(chains, end)
    rows = []
    for chain, (document, is_on_debits, rates) in until.items():
        for rate in before[chain][2].values() if chain in before else ():
            _add(rates, rate, -1)
        rows += [VatRow(document, is_on_debits, rate) for rate in rates.values() if rate.gross or rate.vat]
    return sorted(rows, key=lambda row: (row.document.reference, -row.rate.vat_rate, row.rate.exemption))


def vat_due(rows: Sequence[VatRow]) -> list[RateTotal]:
    """What these add up to per rate, highest first, in euros."""
    due: dict[RateKey, RateTotal] = {}
    for row in rows:
        _add(due, row.rate)
    return sorted(due.values(), key=attrgetter("vat_rate", "exemption"), reverse=True)


def rates_left(document: IssuedDocument) -> list[RateTotal]:
    """What an invoice comes to per rate, less the deposits that it deducts and the credit notes about it, in euros."""
    return _left(_documents(_connected({document.chain}))).get(document.pk, [])


def _connected(chains: set[UUID]) -> set[UUID]:
    """These chains, those of the invoices that deduct their deposits, and of all deposits that these deduct."""
    invoices = Deduction.objects.filter(deposit__chain__in=chains).values_list("invoice__chain", flat=True)
    chains = chains | set(invoices)
    return chains | set(Deduction.objects.filter(invoice__chain__in=chains).values_list("deposit__chain", flat=True))


def _documents(chains: set[UUID]) -> QuerySet[IssuedDocument]:
    """What was issued of these chains, and what credits it or cancels a credit."""
    of_chains = Q(chain__in=chains) | Q(about__chain__in=chains) | Q(about__about__chain__in=chains)
    return IssuedDocument.objects.filter(of_chains)


def _changed(seller: Seller, month: date, end: date) -> set[UUID]:
    """The chains of which something was issued, credited or paid from `month` until before `end`."""
    payments = Payment.objects.filter(seller=seller, received_on__gte=month, received_on__lt=end)
    documents = IssuedDocument.objects.filter(seller=seller, issued_on__gte=month, issued_on__lt=end)
    issued = documents.order_by().values_list("chain", "about__chain", "about__about__chain")
    paid = payments.order_by().values_list("document__chain", flat=True)
    return {chain for chains in issued for chain in chains if chain} | set(paid)


def _until(chains: set[UUID], day: date) -> dict[UUID, tuple[IssuedDocument, bool, dict[RateKey, RateTotal]]]:
    """Of each chain the invoice that held before that day, whether it is on debits, and the VAT due on it per rate."""
    documents = _documents(chains).filter(issued_on__lt=day)
    payments = Payment.objects.filter(document__chain__in=chains, received_on__lt=day)
    paid = dict(payments.order_by().values_list("document__chain").annotate(total=Sum("amount")))
    left = _left(documents)
    replaced = documents.filter(kind=DocumentKind.CORRECTED).values("about")
    owed = documents.filter(kind__in=OWED, chain__in=chains).exclude(pk__in=replaced)
    on_debits = set(owed.filter(content__contains=f'"{ON_DEBITS}":').values_list("pk", flat=True))
    due = {}
    for document in owed.defer("content").select_related("hub", "customer"):
        rates = left[document.pk]
        is_on_debits = document.pk in on_debits
        shares = rates if is_on_debits else paid_shares(rates, paid.get(document.chain, Decimal(0)))
        due[document.chain] = document, is_on_debits, {(one.vat_rate, one.exemption): one for one in shares}
    return due


def _rates(documents: QuerySet[IssuedDocument]) -> defaultdict[int, list[RateTotal]]:
    """What each of these documents comes to per rate."""
    lines = IssuedLine.objects.filter(document__in=documents).order_by("-vat_rate", "exemption")
    sums = lines.values("document", "vat_rate", "exemption").annotate(net=Sum("net"), gross=Sum("gross"))
    rates: defaultdict[int, list[RateTotal]] = defaultdict(list)
    for row in sums:
        vat = to_cents(row["net"] * row["vat_rate"] / 100)
        rates[row["document"]].append(RateTotal(row["vat_rate"], row["exemption"], row["net"], vat, row["gross"]))
    return rates


def _left(documents: QuerySet[IssuedDocument]) -> dict[int, list[RateTotal]]:
    """Per rate what is left of each of these invoices: credit notes and deposits among them are taken off.

    What is credited beyond the rest of an invoice is taken off its deposits, as in `queries.with_balance`.
    """
    rates = _rates(documents)
    left: defaultdict[int, dict[RateKey, RateTotal]] = defaultdict(dict)
    rows = documents.values_list("pk", "kind", "about", "about__about", "chain", "deducted_in__invoice__chain")
    invoices: defaultdict[UUID, list[int]] = defaultdict(list)
    deposits: defaultdict[int, list[int]] = defaultdict(list)
    for pk, _kind, _about, _of_credit, chain, _deducted_in in rows:
        invoices[chain].append(pk)
    for pk, kind, about, of_credit, _chain, deducted_in in rows:
        for rate in rates[pk]:
            if kind in OWED:
                _add(left[pk], rate)
            if kind == DocumentKind.CREDIT_NOTE and about:
                _add(left[about], rate, -1)
            if kind == DocumentKind.REVERSAL and of_credit:
                _add(left[of_credit], rate)
            for invoice in invoices[deducted_in]:
                _add(left[invoice], rate, -1)
        for invoice in invoices[deducted_in]:
            deposits[invoice].append(pk)
    for invoice, pks in deposits.items():
        _credit_deposits(left[invoice], [left[pk] for pk in sorted(pks, reverse=True)])
    return {pk: list(totals.values()) for pk, totals in left.items()}


def _credit_deposits(invoice: dict[RateKey, RateTotal], deposits: Sequence[dict[RateKey, RateTotal]]) -> None:
    """Move what is credited beyond the invoice to its deposits, one after the other as far as each goes."""
    nothing = Decimal("0.00")
    beyond = [RateTotal(*key, nothing, nothing, nothing).plus(rate, -1) for key, rate in invoice.items()]
    total, moved = sum((rate.gross for rate in beyond), nothing), nothing
    for deposit in deposits:
        more = min(total - moved, sum((rate.gross for rate in deposit.values()), nothing))
        if more > 0:
            for after, before in zip(paid_shares(beyond, moved + more), paid_shares(beyond, moved), strict=True):
                share = after.plus(before, -1)
                _add(deposit, share, -1)
                _add(invoice, share)
            moved += more


def _add(totals: dict[RateKey, RateTotal], rate: RateTotal, times: int = 1) -> None:
    key, nothing = (rate.vat_rate, rate.exemption), Decimal("0.00")
    totals[key] = totals.get(key, RateTotal(*key, nothing, nothing, nothing)).plus(rate, times)
