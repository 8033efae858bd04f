"""Requests for hubs, on the page of what waits for the staff."""

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.core.approvals import RequestKind, WaitingRequest, add_request_kind
from totem.hubs.models import FoundingRequest


def _waiting() -> QuerySet[FoundingRequest]:
    waiting = FoundingRequest.objects.filter(state=FoundingRequest.State.WAITING)
    return waiting.select_related("person").order_by("created_at", "pk")


def _row(request: FoundingRequest) -> WaitingRequest:
    url = reverse("hubs:founding_request", args=[request.pk])
    return WaitingRequest(request.name, url, request.created_at, request.person.name or request.person.email)


add_request_kind(RequestKind(_("Hub"), _waiting, _row))
