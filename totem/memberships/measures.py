"""Measures of a hub's members: agreements by the month, dues, who works there, what it earns each month.

Of the last day of the period. A hub that has never signed an agreement in Totem by that day has figures of agreements
that are not known; one whose agreements have all ended has zero.
"""

from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from totem.billing.models import CustomerKind
from totem.core.measures import Combine, CountedUnit, Figure, Text, measure
from totem.core.money import to_cents, vat_within
from totem.core.periods import Period
from totem.hubs.measures import hub_area
from totem.hubs.models import Hub, Membership
from totem.hubs.subjects import HUB
from totem.memberships.models import (
    LONGEST_NOTICE,
    Agreement,
    AgreementPause,
    AgreementSeat,
    AgreementTerms,
    DuesKind,
    DuesTerm,
    MemberGroup,
    PlanPrice,
)
from totem.memberships.subjects import HUB_MONEY

AGREEMENTS = CountedUnit(_("agreement"), _("agreements"))
MEMBERS = CountedUnit(_("member"), _("members"))


def _day(hub: Hub, period: Period) -> date:
    return (period.ends_at - timedelta.resolution).astimezone(hub.zone).date()


def _held(day: date, **fields: object) -> Q:
    """Rows that hold on that day, both ends included."""
    return Q(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day, **fields)


def _in_force(hub: Hub, day: date, **terms: object) -> "QuerySet[Agreement]":
    """The agreements in force on that day whose terms of that day are these."""
    held = AgreementTerms.objects.filter(_held(day), agreement=OuterRef("pk"), **terms)
    return Agreement.objects.in_force(day).filter(Exists(held), hub=hub)


def _by_the_month(hub: Hub, day: date) -> "QuerySet[Agreement]":
    monthly = _in_force(hub, day, months=PlanPrice.Months.MONTH)
    return monthly.filter(notice_days__lte=LONGEST_NOTICE)


def _keeps_agreements(hub: Hub, day: date) -> bool:
    """Whether the hub has signed any agreement in Totem that began by that day."""
    return Agreement.objects.filter(hub=hub, signed_on__isnull=False, starts_on__lte=day).exists()


def _counted(hub: Hub, day: date, agreements: "QuerySet[Agreement]", whose: str = "pk") -> Figure:
    """How many of these agreements, or of their customers; one statement says whether the hub keeps any, too."""
    kept = Agreement.objects.filter(hub=hub, signed_on__isnull=False, starts_on__lte=day)
    counted = Count(whose, filter=Q(pk__in=agreements.values("pk")), distinct=True)
    found = kept.aggregate(kept=Count("pk"), number=counted)
    return Figure.of(found["number"] if found["kept"] else None)


@measure(
    "hub_monthly_agreements",
    subject=HUB,
    label=_("Agreements by the month"),
    unit=AGREEMENTS,
    method=_(
        "Agreements for the place that are signed and in force on the last day of the period, paid by the month, with "
        "a notice of a month (31 days) at most; free ones and those that pause are counted. Not "
        "known of a hub that has "
        "signed no agreement in Totem by then. Lots of buildings are another figure."
    ),
    combine=Combine.SUM,
)
def hub_monthly_agreements(hub: Hub, period: Period) -> Figure:
    day = _day(hub, period)
    return _counted(hub, day, _by_the_month(hub, day))


@measure(
    "share_of_area_under_monthly_agreement",
    subject=HUB,
    label=_("Share of the area under agreements by the month"),
    unit="%",
    method=_(
        "m² of the desks and offices that come with an agreement by the month (paid by the month, notice of a month at "
        "most) on the last day of the period, of the m² of the hub's open zones. A desk counts for the area of its "
        "space divided by its number of desks; an agreement without a desk or an office has no area. Not known where "
        "the area of one of these spaces is not, where the hub has no zone, or where its spaces add up to more than it."
    ),
    combine=Combine.RATIO,
)
def share_of_area_under_monthly_agreement(hub: Hub, period: Period) -> Figure:
    day, whole = _day(hub, period), hub_area(hub, period).value
    units = _by_the_month(hub, day).filter(unit__isnull=False)
    areas = list(units.values_list("unit__space__area", "unit__space__quantity"))
    part = sum((area / quantity for area, quantity in areas if area is not None), Decimal(0))
    unknown = any(area is None for area, _quantity in areas) or not (areas or _keeps_agreements(hub, day))
    if unknown or whole is None or part > whole:
        return Figure(None)
    return Figure.ratio(part, whole)


@measure(
    "hub_members",
    subject=HUB,
    label=_("Members"),
    unit=MEMBERS,
    method=_("People who are members of the hub on the last day of the period, by the rule that the hub has set."),
    combine=Combine.SUM,
)
def hub_members(hub: Hub, period: Period) -> Figure:
    return Figure.of(Membership.objects.on(_day(hub, period)).filter(hub=hub).count())


@measure(
    "members_under_agreement",
    subject=HUB,
    label=_("Members under agreement"),
    unit=MEMBERS,
    method=_(
        "People who have a seat of an agreement in force on the last day of the period, each "
        "counted once. Not known of "
        "a hub that has signed no agreement in Totem by then."
    ),
    combine=Combine.SUM,
)
def members_under_agreement(hub: Hub, period: Period) -> Figure:
    day = _day(hub, period)
    seats = AgreementSeat.objects.filter(_held(day), agreement__in=Agreement.objects.in_force(day).filter(hub=hub))
    number = seats.values("person").distinct().count()
    return Figure.of(number if number or _keeps_agreements(hub, day) else None)


@measure(
    "dues_paying_members",
    subject=HUB,
    label=_("Members whose dues are paid"),
    unit=MEMBERS,
    method=_(
        "People and organisations whose membership of the association holds on the last day of the period: dues paid, "
        "or exempt from them. Not known of a hub without dues in Totem."
    ),
    combine=Combine.SUM,
)
def dues_paying_members(hub: Hub, period: Period) -> Figure:
    number = DuesTerm.objects.valid().on(_day(hub, period)).filter(hub=hub).count()
    return Figure.of(number if number or DuesKind.objects.filter(hub=hub).exists() else None)


@measure(
    "incubation_places",
    subject=HUB,
    label=_("Free places of the incubator"),
    unit=CountedUnit(_("place"), _("places")),
    method=_(
        "Agreements in force on the last day of the period whose plan is a free place of the incubator. Not known of a "
        "hub that has signed no agreement in Totem by then."
    ),
    combine=Combine.SUM,
)
def incubation_places(hub: Hub, period: Period) -> Figure:
    day = _day(hub, period)
    return _counted(hub, day, _in_force(hub, day, plan__is_incubation=True))


@measure(
    "recurring_revenue",
    subject=HUB_MONEY,
    label=_("Recurring revenue by the month, without VAT"),
    unit="€",
    method=_(
        "Prices without VAT of the agreements in force on the last day of the period, those by the "
        "quarter divided by 3 "
        "and those by the year by 12, as agreed and not as paid. Agreements that pause on that day are left out. Not "
        "known of a hub that has signed no agreement in Totem by then."
    ),
    combine=Combine.SUM,
)
def recurring_revenue(hub: Hub, period: Period) -> Figure:
    day = _day(hub, period)
    pauses = AgreementPause.objects.filter(_held(day), agreement=OuterRef("pk"))
    running = Agreement.objects.in_force(day).filter(~Exists(pauses), hub=hub)
    terms = list(AgreementTerms.objects.filter(_held(day), agreement__in=running))
    if not terms and not _keeps_agreements(hub, day):
        return Figure(None)
    parts = ((one.amount - vat_within(one.amount, one.vat_rate)) / one.months for one in terms)
    return Figure(to_cents(sum(parts, Decimal(0))))


# -- The publics of the place -----------------------------------------------------------------------------------------


def _register_public(name: str, label: Text, method: Text, unit: CountedUnit, whose: Q) -> None:
    """A measure of the customers with an agreement in force whose terms and kind are `whose`."""

    @measure(name, subject=HUB, label=label, unit=unit, method=method, combine=Combine.SUM)
    def compute(hub: Hub, period: Period) -> Figure:
        day = _day(hub, period)
        terms = AgreementTerms.objects.filter(_held(day), whose, agreement=OuterRef("pk"))
        held = Agreement.objects.in_force(day).filter(Exists(terms), hub=hub)
        return _counted(hub, day, held, "customer")


_CUSTOMERS = _(
    "Customers with an agreement in force on the last day of the period at the terms of this group, each counted once. "
    "Not known of a hub that has signed no agreement in Totem by then."
)
_register_public(
    "hosted_independents",
    _("Independent workers hosted"),
    _CUSTOMERS,
    CountedUnit(_("independent worker"), _("independent workers")),
    Q(group=MemberGroup.INDEPENDENT),
)
_register_public(
    "hosted_creators",
    _("Creators of companies hosted"),
    _CUSTOMERS,
    CountedUnit(_("creator"), _("creators")),
    Q(group=MemberGroup.CREATOR),
)
_register_public(
    "hosted_companies",
    _("Companies and other organisations hosted"),
    _(
        "Customers with an agreement in force on the last day of the period at the terms of companies or associations, "
        "and those at the terms of everybody that are companies or public bodies; each counted "
        "once. Not known of a hub "
        "that has signed no agreement in Totem by then."
    ),
    CountedUnit(_("organisation"), _("organisations")),
    Q(group__in=[MemberGroup.COMPANY, MemberGroup.ASSOCIATION])
    | (Q(group=MemberGroup.EVERYBODY) & ~Q(agreement__customer__kind=CustomerKind.CONSUMER)),
)
_register_public(
    "hosted_students",
    _("Students hosted"),
    _CUSTOMERS,
    CountedUnit(_("student"), _("students")),
    Q(group=MemberGroup.STUDENT),
)
