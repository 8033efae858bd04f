"""Preparing and convening a general assembly, proxies, who came, decisions, and its minutes to sign.

Each locks the row of the assembly first, as the triggers do: what is refused under the lock has its message here, and
its constraint in `labels.models.assemblies`.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from procrastinate.contrib.django import app

from totem.accounts.models import User
from totem.core import journal
from totem.core.edit_conflicts import check_version
from totem.core.files import CheckedFile, delete_content, store
from totem.core.models import SigningRequest, assign_changes
from totem.core.signatures import SignatoryTerms, SigningPurpose, ask_to_sign
from totem.core.wording import date_with_year
from totem.hubs.models import Hub
from totem.labels.assemblies.minutes import minutes_data, minutes_pdf, minutes_title
from totem.labels.assemblies.queries import electorate, held_by, live_proxies, source_of, tally
from totem.labels.models import Assembly, AssemblyDocument, Attendance, Decision, Meeting, Proxy, Quorum, Voter
from totem.territories.actions import add_document

MAIL = "labels.mail_convocations"
TO_SIGN_WITHIN = timedelta(days=30)
COPIED = ("body", "kind", "place", "agenda", "notice_days", "voters_on", "proxies_each", "majority")


def _record(verb: str, assembly: Assembly, by: User | None, **facts: object) -> None:
    journal.record(f"labels.assembly_{verb}", assembly, actor_id=by.pk if by else None, scope=assembly.hub, facts=facts)


def _locked(assembly: Assembly) -> Assembly:
    rows = Assembly.objects.select_related("hub", "body__workspace").select_for_update(of=("self",), no_key=True)
    return rows.get(pk=assembly.pk)


def _prepared(assembly: Assembly) -> Assembly:
    row = _locked(assembly)
    if row.convened_on is not None:
        raise ValidationError(_("It is convened: what its notice says does not change any more."))
    return row


def _open(assembly: Assembly) -> Assembly:
    row = _locked(assembly)
    if not row.is_open:
        raise ValidationError(_("This assembly is not open: it is not convened, or it is cancelled or closed."))
    return row


# -- Before: what the notice says -------------------------------------------------------------------------------------


@transaction.atomic
def prepare(*, hub: Hub, by: User, **values: Any) -> Assembly:
    """An assembly that is not convened yet; `values` are its fields. Raises ValidationError."""
    assembly = Assembly(hub=hub, **values)
    assembly.full_clean()
    assembly.save()
    _record("prepared", assembly, by, kind=assembly.kind)
    return assembly


@transaction.atomic
def prepare_second(*, first: Assembly, by: User, now: datetime, **values: Any) -> Assembly:
    """The second convening of one that was held without its quorum: the same kind and agenda, and no quorum where the
    statutes say so. Raises ValidationError where there was a quorum, or it is convened already.
    """
    row = _locked(first)
    if not may_have_second(row, now):
        raise ValidationError(_("A second convening follows an assembly that was held without its quorum."))
    fixed = {"kind": row.kind, "agenda": row.agenda, "quorum": quorum_of_second(row), "second_of": row}
    return prepare(hub=row.hub, by=by, **{name: getattr(row, name) for name in COPIED} | values | fixed)


def quorum_of_second(first: Assembly) -> str:
    """The quorum of a second convening: none where the statutes say so."""
    return Quorum.NONE if first.second_without_quorum else first.quorum


def may_have_second(assembly: Assembly, now: datetime) -> bool:
    """Whether it was held without its quorum, and no second one is prepared yet."""
    was_held = assembly.convened_on is not None and assembly.cancelled_at is None and now >= assembly.starts_at
    return was_held and tally(assembly).missing > 0 and not Assembly.objects.filter(second_of=assembly).exists()


@transaction.atomic
def change(*, assembly: Assembly, seen: str, by: User, **values: Any) -> Assembly:
    """Change one that is not convened. Raises ValidationError, EditConflict where it is not as `seen`."""
    row = _prepared(assembly)
    check_version(row, seen)
    changed = assign_changes(row, values)
    if changed:
        row.full_clean()
        row.save()
        _record("changed", row, by, fields=changed)
    return row


@transaction.atomic
def drop(*, assembly: Assembly, by: User) -> None:
    """Delete one that was not convened."""
    row = _prepared(assembly)
    _record("dropped", row, by)
    kept = list(row.documents.values_list("stored", flat=True))
    row.delete()
    for sha256 in kept:
        delete_content(sha256)


@transaction.atomic
def attach(*, assembly: Assembly, checked: CheckedFile, by: User) -> AssemblyDocument:
    """Add a document to what is sent with the notice. Raises ValidationError for one that is there already."""
    row = _prepared(assembly)
    document = AssemblyDocument(
        assembly=row, name=checked.name, content_type=checked.content_type, stored=store(checked)
    )
    if row.documents.filter(stored=document.stored).exists():
        raise ValidationError({"file": _("This document is there already.")})
    document.save()
    _record("document_added", row, by, sha256=checked.sha256)
    return document


@transaction.atomic
def detach(*, document: AssemblyDocument, by: User) -> None:
    """Take a document out before the convening."""
    row = _prepared(document.assembly)
    _record("document_removed", row, by, sha256=document.stored_id)
    document.delete()
    delete_content(document.stored_id)


@transaction.atomic
def convene(*, assembly: Assembly, by: User, now: datetime) -> Assembly:
    """Freeze the notice and the list of voters, and have the notice mailed to each.

    Raises ValidationError where it is convened already, within the days of notice, or without anybody who has a vote.
    """
    row = _prepared(assembly)
    today = now.astimezone(row.hub.zone).date()
    earliest = today + timedelta(days=row.notice_days)
    if row.held_on < earliest:
        words = ngettext(
            "The statutes ask for %(days)s day of notice: from %(day)s on.",
            "The statutes ask for %(days)s days of notice: from %(day)s on.",
            row.notice_days,
        )
        raise ValidationError(words % {"days": row.notice_days, "day": date_with_year(earliest)})
    terms = electorate(row, today)
    voters = [Voter(assembly=row, person_id=term.person_id, organisation_id=term.organisation_id) for term in terms]
    if not voters:
        raise ValidationError(_("Nobody is up to date with dues that have a vote: there is nobody to convene."))
    Voter.objects.bulk_create(voters)
    row.convened_on = today
    row.save(update_fields=["convened_on", "updated_at"])
    _record("convened", row, by, voters=len(voters))
    app.configure_task(MAIL).defer(assembly_id=row.pk)
    return row


@transaction.atomic
def cancel(*, assembly: Assembly, by: User, now: datetime) -> None:
    """Cancel one that is convened; a mail tells each voter. Raises ValidationError once something was decided."""
    row = _open(assembly)
    if row.decisions.exists():
        raise ValidationError(_("It was held: decisions are noted."))
    row.cancelled_at = now
    row.save(update_fields=["cancelled_at", "updated_at"])
    _record("cancelled", row, by)
    app.configure_task(MAIL).defer(assembly_id=row.pk)


# -- Proxies and presence ---------------------------------------------------------------------------------------------


@transaction.atomic
def give_proxy(*, giver: Voter, holder: Voter, by: User, now: datetime) -> Proxy:
    """Give the vote of `giver` to `holder`: on line by the giver until it begins, or noted by the team until it is
    closed. Raises ValidationError at `holder` for oneself, a chain, or more than the statutes allow.
    """
    row = _open(giver.assembly)
    on_line = by.pk == giver.person_id
    if on_line and now >= row.starts_at:
        raise ValidationError(_("The assembly has begun: give your proxy to the team, on paper."))
    if reason := _not_to(giver, holder, row):
        raise ValidationError({"holder": reason})
    proxy = Proxy.objects.create(giver=giver, holder=holder, given_at=now, entered_by=None if on_line else by)
    _record("proxy_given", row, by, giver=giver.pk, holder=holder.pk)
    return proxy


def _not_to(giver: Voter, holder: Voter, assembly: Assembly) -> str:
    """Why `holder` cannot have this proxy; empty where they can."""
    as_many = ngettext(
        "This person holds %(count)s proxy already, as many as the statutes allow.",
        "This person holds %(count)s proxies already, as many as the statutes allow.",
        assembly.proxies_each,
    )
    live = live_proxies()
    refusals = (
        (holder.assembly_id != assembly.pk, _("They are not convened to this assembly.")),
        (holder.person_id == giver.person_id, _("A proxy is given to somebody else.")),
        (Attendance.objects.filter(voter=giver).exists(), _("Who is present votes: there is no proxy to give.")),
        (live.filter(giver=giver).exists(), _("A proxy is given already: take it back first.")),
        (
            live.filter(holder=giver).exists(),
            _("Who holds the proxy of somebody cannot give theirs: that one takes theirs back first."),
        ),
        (live.filter(giver=holder).exists(), _("This person gave their own proxy to somebody else.")),
        (held_by(holder).count() >= assembly.proxies_each, as_many % {"count": assembly.proxies_each}),
    )
    return next((words for wrong, words in refusals if wrong), "")


@transaction.atomic
def take_back(*, proxy: Proxy, by: User, now: datetime) -> None:
    """Take a proxy back: its giver before the assembly begins, the team until it is closed. Raises ValidationError."""
    row = _open(proxy.giver.assembly)
    if by.pk == proxy.giver.person_id and now >= row.starts_at:
        raise ValidationError(_("The assembly has begun: who comes is signed in, and votes."))
    _take_back(proxy, row, by, now)


def _take_back(proxy: Proxy, assembly: Assembly, by: User | None, now: datetime) -> None:
    if not live_proxies().filter(pk=proxy.pk).exists():
        raise ValidationError(_("This proxy was taken back already."))
    counted = Attendance.objects.filter(voter=proxy.holder).exists()
    if counted and not Attendance.objects.filter(voter=proxy.giver).exists():
        _check_votes_left(assembly, 1)
    proxy.withdrawn_at = now
    proxy.save(update_fields=["withdrawn_at"])
    _record("proxy_taken_back", assembly, by, giver=proxy.giver_id)


def _check_votes_left(assembly: Assembly, fewer: int) -> None:
    """Decisions are noted with the votes that there were."""
    counted = tally(assembly)
    left = counted.votes - fewer
    most = max((one.votes_for + one.votes_against + one.abstentions for one in assembly.decisions.all()), default=None)
    if most is not None and (left < most or left < counted.needed):
        raise ValidationError(_("Decisions are noted with this vote: correct them first."))


@transaction.atomic
def sign_in(*, voter: Voter, by: User, now: datetime) -> Attendance:
    """Note that a voter came; a proxy that they gave ends. Raises ValidationError before the day of the meeting."""
    row = _open(voter.assembly)
    if now.astimezone(row.hub.zone).date() < row.held_on:
        raise ValidationError(_("Presence is noted on the day of the assembly."))
    attendance, created = Attendance.objects.get_or_create(voter=voter, defaults={"noted_at": now, "noted_by": by})
    if created:
        _record("signed_in", row, by, voter=voter.pk)
    for proxy in live_proxies().filter(giver=voter):
        _take_back(proxy, row, by, now)
    return attendance


@transaction.atomic
def sign_out(*, voter: Voter, by: User) -> None:
    """Take back a presence that was noted by mistake. Raises ValidationError where decisions count it."""
    row = _open(voter.assembly)
    attendance = Attendance.objects.filter(voter=voter).first()
    if attendance is not None:
        _check_votes_left(row, 1 + live_proxies().filter(holder=voter).exclude(giver__attendance__isnull=False).count())
        attendance.delete()
        _record("signed_out", row, by, voter=voter.pk)


# -- Decisions and minutes --------------------------------------------------------------------------------------------


@transaction.atomic
def decide(*, assembly: Assembly, by: User, now: datetime, decision: Decision | None = None, **values: Any) -> Decision:
    """Note a decision with its votes, or correct one. Whether it is adopted is computed.

    Raises ValidationError before the assembly begins, without the quorum, and for more votes than there are.
    """
    row = _open(assembly)
    if now < row.starts_at:
        raise ValidationError(_("Decisions are noted once the assembly has begun."))
    counted = tally(row)
    if counted.missing:
        words = ngettext(
            "The quorum is not reached: %(count)s vote is missing. Nothing can be decided.",
            "The quorum is not reached: %(count)s votes are missing. Nothing can be decided.",
            counted.missing,
        )
        raise ValidationError(words % {"count": counted.missing})
    noted = decision or Decision(assembly=row)
    changed = assign_changes(noted, values)
    noted.full_clean()
    cast = noted.votes_for + noted.votes_against + noted.abstentions
    if cast > counted.votes:
        words = _("%(cast)s votes are more than the %(votes)s present or represented.")
        raise ValidationError({"votes_for": words % {"cast": cast, "votes": counted.votes}})
    noted.save()
    _record("decision_noted", row, by, decision=noted.pk, fields=changed)
    return noted


@transaction.atomic
def remove_decision(*, decision: Decision, by: User) -> None:
    """Take out one that was noted by mistake, before the minutes are sent to be signed."""
    row = _open(decision.assembly)
    _record("decision_removed", row, by, decision=decision.pk)
    decision.delete()


def send_minutes(
    *, assembly: Assembly, purpose: SigningPurpose, president: User, secretary: User, by: User, now: datetime
) -> SigningRequest:
    """Close the assembly, and ask its president, then its secretary, to sign the minutes made from what is noted.

    Raises ValidationError before it begins, with nobody signed in, for one person twice, and where something was noted
    while the file was drawn; RenderingBusy, RenderingFailed.
    """
    if president == secretary:
        raise ValidationError({"secretary": _("The president and the secretary are two people.")})
    if now < assembly.starts_at or not tally(assembly).present:
        raise ValidationError(_("Minutes are made once the assembly was held and who came is signed in."))
    data = minutes_data(assembly, president, secretary)
    pdf = minutes_pdf(data)
    with transaction.atomic():
        row = _open(assembly)
        if minutes_data(row, president, secretary) != data:
            raise ValidationError(_("Something was noted in the meantime. Read it, then send the minutes again."))
        row.closed_at = now
        row.save(update_fields=["closed_at", "updated_at"])
        request = ask_to_sign(
            purpose=purpose, source=source_of(row), title=minutes_title(row), pdf=pdf,
            signatories=[
                SignatoryTerms(president.name, president.email, _("president of the meeting"), 1, president.language),
                SignatoryTerms(secretary.name, secretary.email, _("secretary of the meeting"), 2, secretary.language),
            ],
            expires_at=now + TO_SIGN_WITHIN, actor_id=by.pk, now=now,
        )  # fmt: skip
        _record("closed", row, by, sha256=request.sha256)
        return request


def keep_signed(*, assembly: Assembly, request: SigningRequest, now: datetime) -> None:
    """The minutes are signed: they become the document of the meeting of its body, and nothing changes any more.

    A meeting of that day which the team had noted by hand is this one.
    """
    row = _locked(assembly)
    row.signed_at, row.minutes_id = now, request.sha256
    row.save(update_fields=["signed_at", "minutes", "updated_at"])
    _record("minutes_signed", row, None, sha256=request.sha256)
    if row.body is None or row.body.workspace is None:
        return
    content = bytes(request.stored.content)
    checked = CheckedFile(f"{request.title}.pdf", "application/pdf", len(content), request.sha256, content)
    document = add_document(
        workspace=row.body.workspace, checked=checked, title=request.title[:200], by=None, within_quota=False
    )
    meeting = Meeting.objects.filter(body=row.body, held_on=row.held_on, assembly=None).first()
    meeting = meeting or Meeting(body=row.body, held_on=row.held_on)
    meeting.subject, meeting.document, meeting.assembly = row.get_kind_display(), document, row
    meeting.save()


def reopen(*, assembly: Assembly) -> None:
    """The minutes were declined, withdrawn or not signed in time: what is noted can be corrected."""
    row = _locked(assembly)
    row.closed_at = None
    row.save(update_fields=["closed_at", "updated_at"])
    _record("reopened", row, None)


@transaction.atomic
def take_back_all(*, person: User, now: datetime) -> None:
    """A person is erased: the proxies that they gave for assemblies to come, or hold there, end."""
    rows = live_proxies().filter(giver__assembly__closed_at=None, giver__assembly__cancelled_at=None)
    theirs = rows.filter(giver__person=person) | rows.filter(holder__person=person)
    for proxy in theirs.select_related("giver__assembly").order_by("giver__assembly", "pk"):
        assembly = _locked(proxy.giver.assembly)
        if assembly.is_open and now < assembly.starts_at:
            _take_back(proxy, assembly, None, now)
