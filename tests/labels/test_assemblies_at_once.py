"""Two members who give their proxy to the same person at the same instant: the statutes allow one."""

from django.utils import timezone

from tests.concurrency import outcomes_at_once
from tests.factories.labels import AssemblyFactory
from totem.labels.assemblies import actions
from totem.labels.models import Proxy, Voter


def test_two_proxies_at_once_beyond_the_limit(committed_db):
    a, b, c, d = AssemblyFactory(voters=4).voters.all()
    now = timezone.now()

    def gives(giver: Voter):
        return lambda: actions.give_proxy(giver=giver, holder=c, by=giver.person, now=now)

    assert outcomes_at_once(gives(a), gives(b)) == {"done": 1, "ValidationError": 1}
    holder = Proxy.objects.get().giver  # gave theirs: nobody gives them another

    def inserts(giver: Voter):
        return lambda: Proxy.objects.create(giver=giver, holder=d, given_at=now)

    left = b if holder == a else a
    assert outcomes_at_once(inserts(left), inserts(left)) == {"done": 1, "IntegrityError": 1}
    other = AssemblyFactory(voters=3).voters.all()
    raw = [lambda one=one: Proxy.objects.create(giver=one, holder=other[2], given_at=now) for one in other[:2]]
    assert outcomes_at_once(*raw) == {"done": 1, "IntegrityError": 1}  # without the checks of the action
