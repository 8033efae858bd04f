"""Letters to the court registry as PDF, in French: mail that is not collected, the end of a domiciliation."""

from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.billing.queries import seller_of
from totem.core import wording
from totem.core.rendering import document_pdf
from totem.memberships.contracts import seller_shown
from totem.memberships.models import DomiciliationFile, RegistryNotice

Reason = RegistryNotice.Reason
TEXTS = {
    Reason.MAIL: (
        gettext_lazy("Mail not collected"),
        gettext_lazy(
            "As the domiciliation agent of the company named above, we inform you that it has not taken its mail since "
            "%(day)s, that is for three months (Code de commerce, art. R123-168)."
        ),
    ),
    Reason.END: (
        gettext_lazy("End of the domiciliation"),
        gettext_lazy(
            "As the domiciliation agent of the company named above, we inform you that its contract of domiciliation "
            "ended on %(day)s, and that it has its seat in our premises no longer (Code de commerce, art. R123-168)."
        ),
    ),
}


def registry_letter(file: DomiciliationFile, reason: RegistryNotice.Reason, since: date, today: date) -> bytes:
    """The letter to the registry. Raises ValidationError without a seller; RenderingBusy, RenderingFailed."""
    if seller_of(file.agreement.hub) is None:
        raise ValidationError(_("Say first who sells: the letter names the legal entity."))
    with translation.override(settings.LANGUAGE_CODE):
        return document_pdf("memberships/contract", _shown(file, reason, since, today))


def _shown(file: DomiciliationFile, reason: RegistryNotice.Reason, since: date, today: date) -> dict[str, Any]:
    hub, (title, text) = file.agreement.hub, TEXTS[reason]
    seller = seller_of(hub)
    assert seller is not None  # noqa: S101
    facts = [
        (_("Company"), file.company),
        ("SIREN", file.siren or _("not registered yet")),
        (_("Seat"), f"{hub.street}, {hub.postcode} {hub.commune.name}"),
        (_("Legal representative"), file.representative),
        (_("Home address of the representative"), file.representative_address),
        (_("On"), wording.date_with_year(today)),
    ]
    return {
        "lang": translation.get_language(),
        "title": _("Information of the court registry"),
        "at_iso": today.isoformat(),
        "accent": hub.accent,
        "hub": hub.name,
        "notice": _("Demonstration data: this document is worth nothing.") if settings.DEMO else "",
        "between": _("From, to"),
        "parties": [seller_shown(seller), {"name": file.registry or _("Court registry"), "lines": []}],
        "facts": [{"label": label, "value": value} for label, value in facts if value],
        "articles": [{"title": str(title), "text": str(text) % {"day": wording.date_with_year(since)}}],
        "footer": f"{seller.name} · SIREN {seller.siren}",
        "page": _("Page {n} of {total}"),
    }
