"""Actions on accounts: profile, export and erasure of personal data. Sign-up and sign-in are allauth's."""

import datetime
from typing import Any, cast

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from totem.accounts import invitations
from totem.accounts.models import Invitation, NewDeskCode, User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.core import journal, limits, mail, signatures
from totem.core.email_addresses import canonical_address
from totem.core.limits import Taker
from totem.core.models import JournalPersonalValue, assign_changes


class ErasureRefused(Exception):
    """A person cannot be erased yet; `reason` is a message for them."""

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(str(reason))
        self.reason = reason


@transaction.atomic
def update_profile(*, person: User, name: str, language: str, phone: str | None = None) -> User:
    """Change the name, language and telephone (None: as before).

    The journal records the changed fields, and their old values as personal values.
    """
    before = User.objects.select_for_update().get(pk=person.pk)
    values = {"name": name, "language": language, "phone": before.phone if phone is None else phone}
    changed = {field: getattr(before, field) for field, value in values.items() if getattr(before, field) != value}
    if not changed:
        return before
    assign_changes(before, values)
    before.save(update_fields=["sort_key", *values])
    journal.record(
        "accounts.profile_updated",
        before,
        actor_id=person.pk,
        facts={"fields": sorted(changed)},
        personal=changed,
        person_id=person.pk,
    )
    return before


@transaction.atomic
def renew_desk_code(*, person: User) -> None:
    """Another code for the desks; the former one opens nothing any more."""
    User.objects.filter(pk=person.pk).update(desk_code=NewDeskCode())
    journal.record("accounts.desk_code_renewed", person, actor_id=person.pk)


@transaction.atomic
def set_staff(*, person: User, is_staff: bool, by: User) -> User:
    """Let somebody look after the installation, or no longer. Raises ValidationError for oneself and for superusers."""
    row = User.objects.select_for_update().get(pk=person.pk)
    if row.pk == by.pk or row.is_superuser:
        raise ValidationError(_("Somebody else does that: nobody takes this away from themselves or from a superuser."))
    if row.is_staff != is_staff:
        row.is_staff = is_staff
        row.save(update_fields=["is_staff"])
        journal.record("accounts.staff_set", row, actor_id=by.pk, facts={"is_staff": is_staff})
    return row


@transaction.atomic
def appoint_staff(*, email: str, name: str = "") -> User:
    """The active account of that address, made when there is none, which may now look after the installation.

    For the operator, who vouches for the address. Raises ValidationError for what is no address, and a closed account.
    """
    email = canonical_address(email)
    person = User.objects.select_for_update().filter(email=email).first() or User.objects.create_user(email, name=name)
    if not person.is_active:
        raise ValidationError(_("This account is closed."))
    EmailAddress.objects.update_or_create(user=person, email=email, defaults={"verified": True, "primary": True})
    if not person.is_staff:
        person.is_staff = True
        person.save(update_fields=["is_staff"])
        journal.record("accounts.staff_set", person, actor_id=None, facts={"is_staff": True})
    return person


def export_personal_data(*, person: User) -> dict[str, Any]:
    """All personal data of the rooms about a person, as JSON-serialisable values (GDPR articles 15 and 20)."""
    data: dict[str, Any] = {
        "account": {
            "email": person.email,
            "name": person.name,
            "phone": person.phone,
            "language": person.language,
            "desk_code": person.desk_code,
            "date_joined": person.date_joined.isoformat(),
            "last_login": person.last_login.isoformat() if person.last_login else None,
        },
        "email_addresses": list(EmailAddress.objects.filter(user=person).values("email", "verified", "primary")),
        "journal": [
            {"at": value.entry.at.isoformat(), "what": value.entry.verb, "values": value.values}
            for value in JournalPersonalValue.objects.filter(person=person).select_related("entry").order_by("entry_id")
        ],
    }
    data["invitations"] = invitations.kept_of(person)
    data["signatures"] = signatures.kept_of(_verified(person))
    data["limits"] = limits.kept_of(Taker.person(person.pk))
    for _receiver, answer in personal_data_requested.send(sender=User, person=person):
        data.update(cast("dict[str, Any]", answer or {}))
    return data


@transaction.atomic
def erase_person(*, person: User, actor_id: int, now: datetime.datetime) -> None:
    """Erase all personal data (GDPR article 17) and keep the anonymised row, to which others refer.

    Raises ErasureRefused when a room above still needs the person (nothing is changed then).
    """
    person = User.objects.select_for_update().get(pk=person.pk)
    person_erasing.send(sender=User, person=person, now=now)
    JournalPersonalValue.objects.filter(person=person).update(values={})
    for verified in _verified(person):
        signatures.erase_address(verified, now=now)
    for address in EmailAddress.objects.filter(user=person):
        mail.erase_address(address.email)
        address.delete()
    mail.erase_address(person.email)
    limits.erase_taker(Taker.person(person.pk))
    Invitation.objects.filter(email=person.email).delete()
    person.name, person.phone, person.email = "", "", f"{person.pk}@erased.invalid"
    person.is_active = person.is_staff = person.is_superuser = False
    person.last_login, person.erased_at = None, now
    person.set_unusable_password()
    person.desk_code = NewDeskCode()
    person.save()
    person.groups.clear()
    person.user_permissions.clear()
    journal.record("accounts.erased", person, actor_id=actor_id)


def _verified(person: User) -> list[str]:
    """The addresses that are proved to be theirs: anybody may add one that is somebody else's."""
    return list(EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True))
