"""What a person sees of agreements: those that they pay or asked for, and those under which they have a seat."""

from datetime import date
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.queries import paid_by
from totem.core.models import Signatory, SigningRequest
from totem.core.wording import date_with_year
from totem.memberships.models import Agreement, AgreementSeat, ChangeRequest, CreditLot
from totem.organisations.models import Affiliation


def own_agreements(person: User, day: date) -> QuerySet[Agreement]:
    """The person's agreements, the latest first, each with `pays`: whether they answer for it and see its amounts.

    They answer for their own, for those of an organisation that they represent on that day, and for those that they
    asked for in the name of one that they still act for. Who has a seat sees the agreement until their last day.
    """
    acting = Affiliation.objects.on(day).filter(person=person, can_book=True).values("organisation")
    pays = Q(customer__in=paid_by(person, day)) | Q(asked_by=person, customer__organisation__in=acting)
    seats = AgreementSeat.objects.filter(Q(ends_on=None) | Q(ends_on__gte=day), agreement=OuterRef("pk"), person=person)
    added: dict[str, Any] = {"pays": Case(When(pays, then=Value(True)), default=Value(False))}
    rows = Agreement.objects.annotate(**added).filter(Q(pays=True) | Exists(seats))
    return rows.select_related("hub", "customer", "unit__space").prefetch_related("terms__plan__benefits")


def lots_anywhere(person: User) -> QuerySet[CreditLot]:
    """The lots of credits that the person sees in any hub: `queries.credits.lots_of` of each."""
    return CreditLot.objects.filter(Q(customer__person=person) | Q(agreement__seats__person=person))


def own_signatory(signing: SigningRequest | None, person: User) -> Signatory | None:
    """The person among those who sign the contract, read with their signatures; None where nobody asked them."""
    return next((one for one in signing.signatories.all() if one.email == person.email), None) if signing else None


def waiting_change(agreement: Agreement) -> ChangeRequest | None:
    """What the customer asks to change of the agreement, with its plan; None where nothing waits for an answer."""
    return ChangeRequest.objects.select_related("plan").filter(agreement=agreement).first()


def change_words(asked: ChangeRequest | None) -> str:
    """« Mois complet, à partir du 1er janvier 2027 », « Une pause, du 1er au 31 août 2027 »; "" where nothing waits."""
    if asked is None:
        return ""
    what = asked.plan.name if asked.plan else _("A pause")
    words = {"what": what, "first": date_with_year(asked.starts_on)}
    if asked.ends_on is None:
        return _("%(what)s, from %(first)s") % words
    return _("%(what)s, from %(first)s to %(last)s") % {**words, "last": date_with_year(asked.ends_on)}
