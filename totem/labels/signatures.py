"""Minutes of general assemblies are signed on line by who presided and who kept them."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.core.calendar_files import Party
from totem.core.models import SigningRequest
from totem.core.signatures import SigningPurpose, register
from totem.hubs.mails import sender_of
from totem.hubs.permissions import MANAGE
from totem.labels.assemblies.actions import keep_signed, reopen
from totem.labels.assemblies.queries import SIGNING
from totem.labels.models import Assembly


def _assembly(request: SigningRequest) -> Assembly:
    return Assembly.objects.select_related("hub").get(pk=int(request.source.partition(":")[2]))


def _lock(request: SigningRequest) -> None:
    Assembly.objects.select_for_update(no_key=True).get(pk=_assembly(request).pk)


def _completed(request: SigningRequest, now: datetime) -> None:
    keep_signed(assembly=_assembly(request), request=request, now=now)


def _ended(request: SigningRequest, now: datetime) -> None:  # noqa: ARG001
    reopen(assembly=_assembly(request))


def _url(request: SigningRequest) -> str:
    assembly = _assembly(request)
    return reverse("labels:assembly", args=[assembly.hub.slug, assembly.pk])


def _may_manage(person: Any, request: SigningRequest) -> bool:
    return bool(person.has_perm(MANAGE, _assembly(request).hub))


def _sender(request: SigningRequest) -> Party:
    return sender_of(_assembly(request).hub)


MINUTES = register(
    SigningPurpose(
        SIGNING,
        label=_("Minutes of a general assembly"),
        url=_url,
        may_manage=_may_manage,
        completed=_completed,
        ended=_ended,
        lock=_lock,
        sender=_sender,
    )
)
