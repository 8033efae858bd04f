"""The minutes and the attendance sheet of a general assembly as PDF, in French: made from what is recorded."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.accounts.models import User
from totem.core import wording
from totem.core.rendering import document_pdf
from totem.labels.assemblies.queries import Tally, is_adopted, tally, voters_of
from totem.labels.models import Assembly, Quorum, Voter

LANGUAGE = settings.LANGUAGE_CODE  # of the law


def minutes_title(assembly: Assembly) -> str:
    """« Procès-verbal, assemblée générale ordinaire du 12 mars 2027, La Machinerie »."""
    with translation.override(LANGUAGE):
        return _("Minutes, %(kind)s of %(day)s, %(hub)s") % {
            "kind": assembly.get_kind_display().lower(),
            "day": wording.date_with_year(assembly.held_on),
            "hub": assembly.hub.name,
        }


def minutes_pdf(data: dict[str, Any]) -> bytes:
    """The PDF of `minutes_data`. Raises RenderingBusy and RenderingFailed."""
    return document_pdf("core/report", data)


def minutes_data(assembly: Assembly, president: User, secretary: User) -> dict[str, Any]:
    """What the minutes say, from what is recorded: the same while nothing else is noted."""
    counted, voters = tally(assembly), voters_of(assembly)
    with translation.override(LANGUAGE):
        office = [[_("President"), president.name], [_("Secretary"), secretary.name]]
        sections = [
            _section(_("Convening"), rows=[*_facts(assembly), *office]),
            _section(_("Agenda"), assembly.agenda),
            _section(_("Quorum"), quorum_words(assembly, counted)),
            *_decisions(assembly, counted),
            _section(
                _("Attendance"),
                rows=[[str(voter), _standing(voter)] for voter in voters],
                head=[_("Voter"), _("Present or represented")],
            ),
        ]
        return _document(assembly, minutes_title(assembly), sections)


def sheet_pdf(assembly: Assembly) -> bytes:
    """The attendance sheet to sign by hand, with the proxies as they are. Raises RenderingBusy, RenderingFailed."""
    with translation.override(LANGUAGE):
        rows = [
            [str(voter), str(voter.given.holder) if voter.given else "", "\n\n"]  # type: ignore[attr-defined]
            for voter in voters_of(assembly)
        ]
        head = [_("Voter"), _("Represented by"), _("Signature")]
        section = _section(_("Voters"), rows=rows, head=head)
        section["table"]["widths"] = [3, 3, 4]
        data = _document(assembly, _("Attendance sheet"), [section])
        data |= {"address": settings.SITE_URL, "words": data["words"] | {"address": ""}}
        return document_pdf("core/report", data)


def quorum_words(assembly: Assembly, counted: Tally) -> str:
    """Who is present and represented, and whether the quorum is reached or how many are missing."""
    votes = _("%(present)s present and %(represented)s represented: %(votes)s votes of %(voters)s voters.") % {
        "present": counted.present,
        "represented": counted.represented,
        "votes": counted.votes,
        "voters": counted.voters,
    }
    if assembly.quorum == Quorum.NONE:
        none = _("No quorum is asked for.")
        return f"{votes} {none}"
    asked = _("The quorum is %(share)s: %(needed)s votes.") % {
        "share": assembly.get_quorum_display(),
        "needed": counted.needed,
    }
    found = _("It is reached.")
    if counted.missing:
        found = ngettext(
            "It is not reached: %(count)s vote is missing.",
            "It is not reached: %(count)s votes are missing.",
            counted.missing,
        ) % {"count": counted.missing}
    return f"{votes} {asked} {found}"


def _facts(assembly: Assembly) -> list[list[str]]:
    day = wording.date_with_year
    convened = day(assembly.convened_on) if assembly.convened_on else ""
    if assembly.second_of is not None:
        words = _("%(day)s, second convening after that of %(first)s")
        convened = words % {"day": convened, "first": day(assembly.second_of.held_on)}
    return [
        [_("Association"), assembly.hub.operator.name],
        [_("Kind"), str(assembly.get_kind_display())],
        [_("Held on"), f"{day(assembly.held_on)}, {wording.hour(assembly.hour)}"],
        [_("Place"), assembly.place],
        [_("Convened on"), convened],
        [_("Proxies that one person may hold"), str(assembly.proxies_each)],
    ]


def _decisions(assembly: Assembly, counted: Tally) -> list[dict[str, Any]]:
    rows = list(assembly.decisions.all())
    if not rows:
        return [_section(_("Decisions"), _("Nothing was decided."))]
    return [
        _section(
            _("Decision %(number)s") % {"number": number},
            one.text,
            head=[_("Majority"), _("For"), _("Against"), _("Abstentions"), _("Result")],
            rows=[
                [
                    str(one.get_majority_display()),
                    str(one.votes_for),
                    str(one.votes_against),
                    str(one.abstentions),
                    _("Adopted") if is_adopted(one, counted.votes) else _("Rejected"),
                ]
            ],
        )
        for number, one in enumerate(rows, 1)
    ]


def _standing(voter: Voter) -> str:
    if hasattr(voter, "attendance"):
        return _("Present")
    proxy = voter.given  # type: ignore[attr-defined]
    if proxy is None:
        return _("Absent")
    if hasattr(proxy.holder, "attendance"):
        return _("Represented by %(name)s") % {"name": proxy.holder}
    return _("Absent: proxy to %(name)s, who did not come") % {"name": proxy.holder}


def _section(
    title: str, text: str = "", *, rows: list[list[str]] | None = None, head: list[str] | None = None
) -> dict[str, Any]:
    table = {"table": {"head": head or [_("What"), _("Value")], "rows": rows}} if rows else {}
    return {"title": title, "text": text, **table}


def _document(assembly: Assembly, title: str, sections: list[dict[str, Any]]) -> dict[str, Any]:
    day = wording.date_with_year(assembly.held_on)
    return {
        "lang": LANGUAGE,
        "kicker": str(assembly.get_kind_display()),
        "title": title,
        "lead": f"{assembly.hub.operator.name}, {day}, {wording.hour(assembly.hour)}, {assembly.place}",
        "at": day,
        "at_iso": assembly.held_on.isoformat(),
        "notice": _("Demonstration data: this document is worth nothing.") if settings.DEMO else "",
        "sections": sections,
        "words": {"notes": "", "page": _("Page {n} of {total}"), "address": _("To check:")},
        "address": settings.SITE_URL + reverse("core:signing_check"),
        "author": assembly.hub.operator.name,
    }
