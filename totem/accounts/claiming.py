"""The first person of an installation: whoever signs in and opens the link that `totem serve` prints, once ever.

The link is known to who reads the server's output, so that a stranger who signs up first on a fresh site gets nothing.
"""

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from totem.accounts.models import User
from totem.core import journal, locks
from totem.core.models import JournalEntry

EVERYBODY = 0  # no person has this id


def is_claimed() -> bool:
    """Whether somebody belongs to the staff, or ever did."""
    return (
        User.objects.filter(is_staff=True).exists() or JournalEntry.objects.filter(verb="accounts.staff_set").exists()
    )


def _code() -> str:
    return salted_hmac("accounts.claim", "first", algorithm="sha256").hexdigest()[:32]


def link() -> str:
    """The whole address that makes its reader the first of the staff; empty once somebody was."""
    return "" if is_claimed() else f"{settings.SITE_URL}{reverse('accounts:claim', args=[_code()])}"


def opens(code: str) -> bool:
    """Whether this is the code of the link, and the link still holds."""
    return constant_time_compare(code, _code()) and not is_claimed()


@transaction.atomic
def claim(*, person: User, code: str) -> bool:
    """Make the person the first of the staff; False where the link does not hold, or not any more."""
    locks.lock(locks.LockKind.PERSON, [EVERYBODY])
    if not opens(code):
        return False
    User.objects.filter(pk=person.pk).update(is_staff=True)
    journal.record("accounts.staff_set", person, actor_id=person.pk, facts={"is_staff": True})
    return True
