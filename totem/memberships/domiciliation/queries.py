"""Who is domiciled from when to when, what is missing of a file, and what the team has to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core.periods import DAY, months_before
from totem.core.wording import date_with_year
from totem.hubs.models import Hub
from totem.memberships.domiciliation.lists import Stay, expected_lists, list_words
from totem.memberships.models import (
    Agreement,
    AgreementState,
    AgreementTerms,
    AuthoritiesList,
    AuthoritiesListSending,
    DomiciliationApproval,
    DomiciliationDocument,
    DomiciliationFile,
    RegistryNotice,
    VigilanceCheck,
)

APPROVAL_WARNING = 4
"""Months before an approval ends: the prefect answers within two, and silence is a refusal (R123-166-3)."""
Kind, Reason = DomiciliationDocument.Kind, RegistryNotice.Reason
ADDRESSED = AgreementTerms.objects.filter(agreement=OuterRef("pk"), plan__is_domiciliation=True)


def approval_on(hub: Hub, day: date) -> DomiciliationApproval | None:
    """What lets the hub take companies' addresses on that day."""
    held = Q(ends_on=None) | Q(ends_on__gte=day)
    return DomiciliationApproval.objects.filter(held, hub=hub, starts_on__lte=day).first()


def addressed(hub: Hub) -> QuerySet[Agreement]:
    """The agreements that give a company its address, not refused nor withdrawn, with all that `missing` reads."""
    rows = Agreement.objects.filter(Exists(ADDRESSED), hub=hub)
    rows = rows.exclude(state__in=[AgreementState.REFUSED, AgreementState.WITHDRAWN])
    parts = ("documents", "checks", "collections", "registry_notices")
    return rows.select_related("hub", "customer", "domiciliation__room").prefetch_related(
        "terms__plan", *(f"domiciliation__{one}" for one in parts)
    )


def file_of(agreement: Agreement) -> DomiciliationFile | None:
    """The file of an agreement, where one is begun."""
    return getattr(agreement, "domiciliation", None)


def stay_of(agreement: Agreement) -> Stay | None:
    """From when to when the company is domiciled by an agreement that is signed; read with its terms and plans."""
    ends = agreement.ends_on
    terms = [one for one in agreement.terms.all() if one.plan.is_domiciliation and (not ends or one.starts_on <= ends)]
    if agreement.state != AgreementState.ACTIVE or not terms:
        return None
    file, customer = file_of(agreement), agreement.customer
    known = (file.company, file.siren or customer.siren) if file else (customer.name, customer.siren)
    last = terms[-1].ends_on
    return Stay(agreement.pk, *known, terms[0].starts_on, min(last or date.max, ends or date.max))


def stays(hub: Hub) -> list[Stay]:
    """Each time that a company is or was domiciled at the hub, by its first day."""
    found = (stay_of(one) for one in addressed(hub))
    return sorted((one for one in found if one), key=lambda one: (one.first, one.agreement))


# -- What is missing --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FileGap:
    """A paper or a fact of a file; what `blocks` is there before the contract is signed (CMF, L561-5, L561-8)."""

    text: str
    blocks: bool = True


def missing(agreement: Agreement, day: date) -> list[FileGap]:
    """What the file of the agreement lacks on that day, in the order of its form."""
    file = file_of(agreement)
    return list(_missing(file, day)) if file else [FileGap(_("its file"))]


def lacking(agreement: Agreement, day: date) -> list[str] | None:
    """What the file of the agreement lacks, in words; None where it gives no company its address."""
    row = addressed(agreement.hub).filter(pk=agreement.pk).first()
    return [one.text for one in missing(row, day)] if row else None


def _missing(file: DomiciliationFile, day: date) -> Iterator[FileGap]:
    kept = [one for one in file.documents.all() if one.erased_at is None]
    valid = {one.kind for one in kept if one.valid_until is None or one.valid_until >= day}
    check = next(iter(file.checks.all()), None)
    asked = (
        (file.representative, _("its legal representative")),
        (file.representative_address, _("the representative’s home address")),
        (file.representative_phone, _("the representative’s telephone")),
        (Kind.IDENTITY in valid, _("a valid proof of the representative’s identity")),
        (Kind.ADDRESS in valid, _("a proof of the representative’s address")),
        (file.beneficial_owner, _("its beneficial owner")),
        (file.accounts_here or file.accounts_place, _("where its accounts are kept")),
        (not file.accounts_place or Kind.ACCOUNTS in valid, _("a proof of where its accounts are kept")),
        (not file.activity_places or Kind.ACTIVITY in valid, _("a proof of where it works")),
        (file.room_id, _("the private room that it may use")),
        (file.mandate_on, _("its mandate to receive its mail")),
        (check, _("the check against money laundering")),
        (not check or check.result != VigilanceCheck.Result.REFUSED, _("a check that lets it be accepted")),
    )
    yield from (FileGap(text) for there, text in asked if not there)
    later = (
        (file.siren, _("its SIREN, once it is registered")),
        (Kind.REGISTRATION in valid, _("its extract of the register (Kbis)")),
        (file.registry, _("the court registry that it depends on")),
    )
    yield from (FileGap(text, blocks=False) for there, text in later if not there)


def export_of(person: User) -> list[dict[str, Any]]:
    """What is kept of the companies whose agreement is the person's, as JSON; until when, in words.

    Checks against money laundering are left out: they are read through the CNIL (CMF, art. L561-45).
    """
    theirs = Q(agreement__customer__person=person) | Q(agreement__asked_by=person)
    rows = DomiciliationFile.objects.filter(theirs, emptied_at=None).select_related("agreement__hub").order_by("pk")
    names = ("company", "siren", "representative", "representative_address", "representative_phone",
             "beneficial_owner", "accounts_place", "activity_places")  # fmt: skip
    return [
        {
            "hub": row.agreement.hub.name,
            **{name: getattr(row, name) for name in names},
            "papers": [
                {"kind": one.kind, "dated_on": one.dated_on.isoformat(), "name": one.name}
                for one in row.documents.filter(erased_at=None)
            ],
            "kept": "until five years after the end of the agreement (Code monétaire et financier, L561-12)",
        }
        for row in rows
    ]


# -- Mail and the court registry --------------------------------------------------------------------------------------


def mail_seen_on(file: DomiciliationFile, stay: Stay) -> date:
    """The last day on which its mail was collected; its first day where it never was."""
    return max([one.collected_on for one in file.collections.all()] + [stay.first])


def to_tell(file: DomiciliationFile, stay: Stay, day: date) -> list[tuple[RegistryNotice.Reason, date, date]]:
    """What the registry is to be told on that day: why, since when, and the day on which that was known.

    Three months without collecting mail, and the end of the domiciliation (R123-168, 1°).
    """
    seen = mail_seen_on(file, stay)
    found = [(Reason.MAIL, seen, months_before(seen, -3))] if stay.is_held(day) else []
    found += [(Reason.END, stay.last, stay.last + DAY)] if stay.last < day else []
    told = {(one.reason, one.since) for one in file.registry_notices.all()}
    return [one for one in found if one[2] <= day and one[:2] not in told]


# -- What is to be done -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """Something that the team has to do: since when, until when, and on which page. `key` names it in its mails."""

    key: str
    text: str
    since: date
    due_on: date
    route: str
    args: tuple[str | int, ...]

    @property
    def url(self) -> str:
        return reverse(f"memberships:{self.route}", args=self.args)


def tasks(hub: Hub, day: date) -> list[Task]:
    """What the team has to do on that day, what is due first before the others."""
    rows = list(addressed(hub))
    held = sorted((one for one in map(stay_of, rows) if one), key=lambda one: one.first)
    found = [*_of_approval(hub, held, day), *_of_lists(hub, held, day)]
    for row in rows:
        found += _of_file(row, day)
    return sorted(found, key=lambda one: (one.due_on, one.key))


def _of_approval(hub: Hub, held: list[Stay], day: date) -> Iterator[Task]:
    page = "domiciliation", (hub.slug,)
    present = [one for one in held if one.is_held(day)]
    approval, last = approval_on(hub, day), DomiciliationApproval.objects.filter(hub=hub, starts_on__lte=day).first()
    if approval is None and present:
        ended = last.ends_on if last and last.ends_on else present[0].first - DAY
        text = _("Companies have their address here, and no approval of the prefect holds.")
        yield Task(f"approval:{ended}", text, ended + DAY, ended + DAY, *page)
    elif approval and approval.ends_on and not approval_on(hub, approval.ends_on + DAY):
        since = months_before(approval.ends_on, APPROVAL_WARNING)
        text = _("The approval of the prefect ends on %(day)s: ask for another one four months before.")
        if since <= day:
            words = text % {"day": date_with_year(approval.ends_on)}
            yield Task(f"approval:{approval.ends_on}", words, since, approval.ends_on, *page)


def _of_lists(hub: Hub, held: list[Stay], day: date) -> Iterator[Task]:
    newest = AuthoritiesList.objects.filter(hub=hub).prefetch_related("sendings")
    by_period = {key: next(rows) for key, rows in groupby(newest, key=lambda one: (one.starts_on, one.kind))}
    for one in expected_lists(held, day):
        made = by_period.get((one.starts_on, one.kind))
        sent = len(made.sendings.all()) if made else 0
        if sent < len(AuthoritiesListSending.Authority):
            words = list_words(one.kind, one.starts_on)
            text = _("To send to the tax office and the URSSAF: %(list)s") % {"list": words}
            page = ("authorities_list", (hub.slug, made.pk)) if made else ("domiciliation", (hub.slug,))
            yield Task(f"list:{one.kind}:{one.starts_on}", text, one.ends_on + DAY, one.due_on, *page)


def _of_file(agreement: Agreement, day: date) -> Iterator[Task]:
    file, stay = file_of(agreement), stay_of(agreement)
    if stay is None or (file and file.emptied_at):
        return
    page = "domiciliation_file", (agreement.hub.slug, agreement.pk)
    if stay.is_held(day) and (gaps := missing(agreement, day)):
        text = _("%(company)s: the file lacks %(papers)s") % {
            "company": stay.company, "papers": ", ".join(one.text for one in gaps),
        }  # fmt: skip
        yield Task(f"file:{agreement.pk}", text, stay.first, stay.first, *page)
    for reason, since, known in to_tell(file, stay, day) if file else []:
        text = {
            Reason.MAIL: _("%(company)s has not taken its mail since %(day)s: tell the court registry."),
            Reason.END: _("%(company)s is domiciled here no longer since %(day)s: tell the court registry."),
        }[reason]
        words = text % {"company": stay.company, "day": date_with_year(since)}
        yield Task(f"registry:{agreement.pk}:{reason}:{since}", words, known, known, *page)
