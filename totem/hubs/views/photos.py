"""Managing the photos of a hub; the same screen serves what stands in it (see `gallery`)."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status
from totem.hubs import actions
from totem.hubs.forms import PhotoForm
from totem.hubs.permissions import MANAGE, hub_for


@require_http_methods(SHOW_AND_SEND)
def photos(request: HttpRequest, slug: str) -> HttpResponse:
    """The photos of the hub; one more is added here."""
    hub = hub_for(request.user, slug, MANAGE)
    return gallery(
        request,
        hub,
        {"hub": hub},
        [slug],
        title=_("Photos"),
        lead=_("The first one stands at the head of the hub's page."),
        why=_("People choose a place with their eyes: the room, the light, the door they will look for."),
    )


@require_POST
def remove_photo(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a photo away."""
    return remove_from_gallery(request, hub_for(request.user, slug, MANAGE), pk, [slug])


def gallery(request: HttpRequest, place: Any, frame: Mapping[str, Any], where: list[str], **words: str) -> HttpResponse:
    """The photos of `place`, a hub or a space that this person manages; a form sent adds one more.

    `frame` is what its screens show besides, `where` the arguments of its addresses; `words` go to `hubs/photos.html`.
    """
    room = place._meta.app_label
    form = PhotoForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        with errors_in(form):
            actions.add_photo(photos=place.photos, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("The photo is added."))
            return redirect(f"{room}:photos", *where)
    shown = [(photo, reverse(f"{room}:photo_remove", args=[*where, photo.pk])) for photo in place.photos.in_order()]
    context = {**frame, "form": form, "photos": shown, **words}
    return render(request, f"{room}/photos.html", context, status=form_status(request))


def remove_from_gallery(request: HttpRequest, place: Any, pk: int, where: list[str]) -> HttpResponse:
    """Take a photo of `place` away."""
    actions.remove_photo(photo=get_object_or_404(place.photos, pk=pk), by=signed_in(request))
    messages.success(request, _("The photo is removed."))
    return redirect(f"{place._meta.app_label}:photos", *where)
