"""What is checked before aid is granted (Regulation (EU) 2023/2831, articles 3, 6 and 7)."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from totem.core.periods import months_before
from totem.memberships.aid.queries import CEILING, decided, month_of_terms, standing_of
from totem.memberships.models import Agreement, AgreementState, AgreementTerms, AidDecision

DECLARATION_MONTHS = 3
"""How old a declaration, or the decision to do without, may be when aid is granted: Totem's rule, the law says none."""


def value_aid(terms: AgreementTerms) -> None:
    """Keep on new terms of a plan of the incubator its market value, and the regime that was decided for it.

    Raises ValidationError where their first month would pass the ceiling.
    """
    if not terms.plan.is_incubation:
        return
    customer = terms.agreement.customer
    regime = decided(customer, terms.plan, AidDecision.Kind.OTHER_REGIME)
    terms.market_value, terms.other_regime = terms.plan.market_value, regime.legal_basis if regime else ""
    _require_below_ceiling(terms, terms.starts_on)


def require_grantable(agreement: Agreement, terms: AgreementTerms, day: date) -> None:
    """Raises ValidationError where the aid of these terms cannot be granted on that day.

    What it needs: a declaration of the customer, or the recorded decision to do without one, and a total below the
    ceiling. Terms that give no de minimis aid need nothing.
    """
    if not month_of_terms(terms):
        return
    declaration = standing_of(agreement.customer).declaration
    without = decided(agreement.customer, terms.plan, AidDecision.Kind.UNDECLARED)
    days = [declaration.declared_on if declaration else None, without.decided_on if without else None]
    if max((one for one in days if one), default=date.min) < months_before(day, DECLARATION_MONTHS):
        raise ValidationError(
            _(
                "A place of the incubator is aid: first note what the customer declares to have received of others in "
                "three years, nothing included, or why it is granted without (page “Incubation aid”)."
            )
        )
    _require_below_ceiling(terms, max(day, terms.starts_on))


def _require_below_ceiling(terms: AgreementTerms, day: date) -> None:
    month, agreement = month_of_terms(terms), terms.agreement
    unsigned = agreement if agreement.state != AgreementState.ACTIVE else None
    if month and standing_of(agreement.customer).total(day, besides=unsigned).total + month > CEILING:
        text = _(
            "With this place its aid would pass 300,000 € over three years (Regulation (EU) 2023/2831). Where another "
            "regime applies, record it first on the page “Incubation aid”."
        )
        raise ValidationError({"plan": text})
