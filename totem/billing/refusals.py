"""What cannot be issued, and why: a ValidationError says it before the database would refuse it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from totem.billing.content import Figures
from totem.billing.models import (
    Customer,
    CustomerKind,
    Deduction,
    DocumentKind,
    Draft,
    DraftLine,
    IssuedDocument,
    IssuedLine,
)
from totem.billing.queries import OWED, deductible

CREDITING = {DocumentKind.CREDIT_NOTE, DocumentKind.REVERSAL}


@dataclass(frozen=True)
class Invoicing:
    """A draft with all that issuing it needs, read under its locks."""

    draft: Draft
    lines: Sequence[DraftLine]
    deposits: Sequence[IssuedDocument]
    figures: Figures

    @property
    def deducted(self) -> Sequence[IssuedDocument]:
        """The deposits that this invoice is the first to deduct: a corrected one takes them over."""
        return () if self.draft.kind == DocumentKind.CORRECTED else self.deposits


class Cited:
    """What is known of the documents that drafts cite, as those of them that were accepted before leave it."""

    def __init__(self) -> None:
        self.following: defaultdict[int, set[str]] = defaultdict(set)
        self.left: dict[int, dict[int, Decimal]] = {}
        self.deducted: set[int] = set()
        self.deductible: set[int] = set()

    def read(self, drafts: Sequence[Draft], documents: Iterable[int]) -> None:
        """Read what was issued about what these drafts cite; `documents` are the ids of all that they cite."""
        abouts = [draft.about_id for draft in drafts if draft.about_id]
        for about, kind in IssuedDocument.objects.filter(about__in=abouts).values_list("about", "kind"):
            self.following[about or 0].add(kind)
        self.left = remaining({draft.about_id for draft in drafts if draft.about_id and draft.kind in CREDITING})
        self.deducted = set(Deduction.objects.filter(deposit__in=documents).values_list("deposit", flat=True))
        self.deductible = set(deductible(IssuedDocument.objects.filter(pk__in=documents)).values_list("pk", flat=True))

    def add(self, accepted: Invoicing) -> None:
        """Take into account that this one will be issued."""
        if about := accepted.draft.about_id:
            self.following[about].add(accepted.draft.kind)
        self.deducted.update(one.pk for one in accepted.deducted)


def check(invoicing: Invoicing, cited: Cited) -> None:
    """Raises ValidationError for a draft that cannot be issued; `cited` then stays as it is."""
    draft = invoicing.draft
    if not invoicing.lines:
        raise ValidationError(_("There is nothing to invoice: add a line."))
    if any(rate.gross < 0 for rate in invoicing.figures.totals.rates):
        raise ValidationError(_("The total of a VAT rate cannot be negative: make a credit note instead."))
    if draft.kind != DocumentKind.QUOTE:
        check_customer(draft)
    _check_deposits(invoicing, cited)
    if draft.about:
        _check_cited(invoicing, draft.about, cited)
    cited.add(invoicing)


def check_customer(draft: Draft) -> None:
    """Raises ValidationError where something of the customer is missing that an invoice names."""
    customer = draft.customer
    # A note to a private person needs none (arrêté n° 83-50/A of 3 October 1983); CGI art. 289, I is about businesses.
    if customer.kind != CustomerKind.CONSUMER and not (customer.street and customer.postcode and customer.city):
        raise ValidationError(_("An invoice names the customer’s address: complete it first."))
    check_commitment(customer, draft.commitment)


def check_commitment(customer: Customer, commitment: str) -> None:
    """Raises ValidationError where a public body asks for a commitment number and there is none."""
    if customer.needs_commitment and not commitment:
        raise ValidationError({"commitment": _("This public body asks for a commitment number before it is invoiced.")})


def _check_cited(invoicing: Invoicing, about: IssuedDocument, cited: Cited) -> None:
    draft, following = invoicing.draft, cited.following[about.pk]
    if about.hub_id != draft.hub_id or about.customer_id != draft.customer_id:
        raise ValidationError(_("The document it cites is another customer’s."))
    if DocumentKind.CORRECTED in following:
        raise ValidationError(_("This invoice was replaced: use the one that replaced it."))
    wanted = {
        DocumentKind.CREDIT_NOTE: OWED,
        DocumentKind.CORRECTED: OWED,
        DocumentKind.REVERSAL: (DocumentKind.CREDIT_NOTE,),
    }.get(DocumentKind(draft.kind), (DocumentKind.QUOTE,))
    if about.kind not in wanted:
        raise ValidationError(_("A document of this kind cannot be about that one."))
    if about.pk in cited.deducted:  # else the customer would get it twice
        raise ValidationError(_("This deposit was deducted: credit or correct the invoice that deducts it."))
    if draft.kind == DocumentKind.CORRECTED and DocumentKind.CREDIT_NOTE in following:
        raise ValidationError(_("A credit note is about this invoice: it can no longer be replaced."))
    if draft.kind in CREDITING:
        cited.left[about.pk] = _left_after(cited.left[about.pk], invoicing.lines)


def _left_after(left: Mapping[int, Decimal], lines: Sequence[DraftLine]) -> dict[int, Decimal]:
    """What lines of a credit note leave of those of its invoice, lines of a reversal of those of its credit note."""
    found = dict(left)
    for line in lines:
        amount = found.get(line.about_line_id or 0)
        if amount is None or line.about_line_id is None:
            raise ValidationError(_("Each line cites one of the document it is about."))
        if abs(line.gross) > abs(amount) or line.gross * amount < 0:
            raise ValidationError(_("“%(line)s”: more than what was invoiced.") % {"line": line.label})
        found[line.about_line_id] = amount - line.gross
    return found


def remaining(documents: Iterable[int]) -> dict[int, dict[int, Decimal]]:
    """What can still be credited of each line of these invoices, or neutralised of credit notes.

    In euros, by the ids of document and line.
    """
    left: dict[int, dict[int, Decimal]] = {pk: {} for pk in documents}
    if not left:
        return left
    for line in IssuedLine.objects.filter(document__in=left).order_by("document_id", "position"):
        left[line.document_id][line.pk] = line.gross
    following = IssuedLine.objects.filter(about_line__document__in=left).select_related("about_line")
    for line in following.prefetch_related("followed_by"):
        if cited := line.about_line:
            left[cited.document_id][cited.pk] -= line.gross - sum(one.gross for one in line.followed_by.all())
    return left


def _check_deposits(invoicing: Invoicing, cited: Cited) -> None:
    deposits, customer = invoicing.deposits, invoicing.draft.customer_id
    for one in invoicing.deducted:
        if one.pk not in cited.deductible or cited.following.get(one.pk) or one.customer_id != customer:
            raise ValidationError(
                _("Only deposit invoices of the same customer that nothing replaces or credits can be deducted.")
            )
    if any(one.pk in cited.deducted for one in invoicing.deducted):
        raise ValidationError(_("A deposit was deducted already."))
    if sum(one.gross for one in deposits) > invoicing.figures.totals.gross:
        raise ValidationError(_("The deposits are more than the invoice: make a credit note for the difference."))
