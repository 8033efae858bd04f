"""Those who join and pay at the same moment."""

from collections import Counter
from datetime import UTC, datetime
from functools import partial

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.billing import SellerFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.memberships import DuesKindFactory
from totem.billing.models import IssuedDocument, Payment
from totem.memberships.actions import dues
from totem.memberships.actions.dues import ChosenDues
from totem.memberships.models import DuesTerm

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
ADDRESS = {"street": "2 rue des Jacobins", "postcode": "80000", "city": "Amiens"}


def test_of_those_who_join_and_pay_at_once_one_does(committed_db: None) -> None:
    hub, person = HubFactory(), UserFactory()
    SellerFactory(organisation=hub.operator)
    kind, desk = DuesKindFactory(hub=hub), TeamMemberFactory(hub=hub).person
    join = partial(dues.join, chosen=ChosenDues(kind), person=person, by=person, now=NOW)
    assert outcomes_at_once(join, join, join) == Counter(done=3)
    pay = partial(
        dues.pay, term=DuesTerm.objects.get(), means="cash", received_on=NOW.date(), by=desk, now=NOW, address=ADDRESS
    )
    assert outcomes_at_once(pay, pay, pay) == Counter(done=1, ValidationError=2)
    assert DuesTerm.objects.count() == IssuedDocument.objects.count() == Payment.objects.count() == 1
