"""Pages: reading and signing by one's personal link, checking a signature, reminding and withdrawing."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.core import clock
from totem.core.codes import parse
from totem.core.files import content_of
from totem.core.limits import address_digest
from totem.core.models import Signatory, SigningRequest, SigningState
from totem.core.pages import SHOW_AND_SEND, NotFound, SeeOther, errors_as_message, errors_in, form_status
from totem.core.rendering.queued import drawn
from totem.core.signatures import actions, queries
from totem.core.signatures.actions import WrongSigningCodeError
from totem.core.signatures.drawing import certificate, notes
from totem.core.signatures.forms import CheckForm, DeclineToSignForm, SignatureForm, SigningCodeForm
from totem.core.signatures.purposes import purpose_of

# -- By one's personal link -------------------------------------------------------------------------------------------


def by_key(view: Callable[[HttpRequest, Signatory], HttpResponse]) -> Callable[..., HttpResponse]:
    """Open to who has the signatory's link. Its address is a key: nobody keeps the page, no robot lists it."""

    @wraps(view)
    def answer(request: HttpRequest, pk: int, key: str) -> HttpResponse:
        signatory = queries.signatory_by_key(pk, key)
        if signatory is None:
            raise NotFound(_("This link to sign opens nothing: take the one of the last mail, whole."))
        shown = view(request, signatory)
        shown["X-Robots-Tag"] = "noindex"
        return shown

    return login_not_required(never_cache(answer))


@by_key
@require_http_methods(SHOW_AND_SEND)
def sign(request: HttpRequest, signatory: Signatory) -> HttpResponse:
    """The file, who signs it; a form that asks for the code, or where it stands."""
    form = SignatureForm(request.POST or None, initial={"name": signatory.name, "capacity": signatory.capacity})
    here = _Signing(signatory)
    if request.method == "POST":
        if not here.can_sign:
            return SeeOther(here.url())
        if form.is_valid():
            given = {name: form.cleaned_data[name] for name in ("name", "capacity")}
            with errors_in(form):
                actions.send_code(signatory=signatory, **given, now=clock.now())
                return SeeOther(here.url("sign_code"))
    return _page(request, "sign", here, form)


@by_key
@require_http_methods(SHOW_AND_SEND)
def sign_code(request: HttpRequest, signatory: Signatory) -> HttpResponse:
    """Type the code: this signs."""
    here = _Signing(signatory)
    if not here.can_sign or not signatory.typed_name:
        return SeeOther(here.url())
    if request.POST.get("action") == "resend":
        with errors_as_message(request):
            given = {"name": signatory.typed_name, "capacity": signatory.typed_capacity}
            actions.send_code(signatory=signatory, **given, now=clock.now())
            messages.success(request, _("A new code is on its way; the one before is worth nothing any more."))
        return SeeOther(request.path)
    form = SigningCodeForm(request.POST or None)
    if form.is_valid() and _signed(form, signatory, address_digest(request)):
        messages.success(request, _("Signed. A copy and its certificate stay here, at the address of your mail."))
        return SeeOther(here.url())
    return _page(request, "sign_code", here, form)


def _signed(form: Form, signatory: Signatory, client: str) -> bool:
    try:
        with errors_in(form):
            actions.sign(signatory=signatory, code=form.cleaned_data["code"], client=client, now=clock.now())
            return True
    except WrongSigningCodeError as wrong:
        left = ngettext("%(count)s attempt left.", "%(count)s attempts left.", wrong.attempts_left)
        used_up = _("That was the fifth wrong code: please ask for another one.")
        hint = left % {"count": wrong.attempts_left} if wrong.attempts_left else used_up
        form.add_error("code", _("This is not the code that was sent.") + " " + hint)
    return False


@by_key
@require_http_methods(SHOW_AND_SEND)
def sign_decline(request: HttpRequest, signatory: Signatory) -> HttpResponse:
    """Not sign, which ends it for all."""
    here, form = _Signing(signatory), DeclineToSignForm(request.POST or None)
    if not here.can_sign:
        return SeeOther(here.url())
    if form.is_valid():
        with errors_in(form):
            actions.decline(signatory=signatory, reason=form.cleaned_data["reason"], now=clock.now())
            return SeeOther(here.url())
    return _page(request, "sign_decline", here, form)


@by_key
@require_safe
def sign_file(request: HttpRequest, signatory: Signatory) -> HttpResponse:
    """The bytes that are signed."""
    return _pdf(signatory.request)


@drawn(most=2)
@by_key
@require_safe
def sign_certificate(request: HttpRequest, signatory: Signatory) -> HttpResponse:
    """The certificate, once everybody has signed."""
    return _certificate(signatory.request)


class _Signing:
    """What the pages of a signatory show: their link's addresses, and whether they can sign now."""

    def __init__(self, signatory: Signatory) -> None:
        self.signatory, self.request, self.key = signatory, signatory.request, queries.signing_key(signatory)
        self.is_early = signatory.asked_at is None
        self.has_run_out = not self.request.is_open(clock.now()) and self.request.state == SigningState.WAITING
        self.can_sign = self.request.is_open(clock.now()) and not signatory.has_signed and not self.is_early
        self.is_signed = self.request.state == SigningState.SIGNED

    def url(self, route: str = "sign") -> str:
        return queries.signing_path(self.signatory, route)

    @property
    def urls(self) -> dict[str, str]:
        return {route: self.url(route) for route in ("sign", "sign_file", "sign_certificate", "sign_decline")}

    @property
    def statement(self) -> str:
        return actions.statement_of(self.request, self.signatory.typed_name, self.signatory.typed_capacity)


def _page(request: HttpRequest, name: str, here: _Signing, form: Form) -> HttpResponse:
    context = {
        "here": here,
        "signatory": here.signatory,
        "asked": here.request,
        "purpose": purpose_of(here.request),
        "others": here.request.signatories.select_related("signature"),
        "form": form,
        "notes": notes(),
    }
    return render(request, f"core/signatures/{name}.html", context, status=form_status(request))


def _pdf(asked: SigningRequest) -> HttpResponse:
    content = content_of(asked.sha256)
    if content is None:
        raise NotFound(_("This file is no longer kept."))
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{asked.reference}.pdf"'
    return answer


def _certificate(asked: SigningRequest) -> HttpResponse:
    if asked.state != SigningState.SIGNED:
        raise NotFound(_("The certificate is there once everybody has signed."))
    answer = HttpResponse(certificate(asked), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{asked.reference}-signatures.pdf"'
    return answer


# -- Checking ---------------------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def signing_check(request: HttpRequest) -> HttpResponse:
    """Find by a reference or a digest whether a file was signed."""
    form = CheckForm(request.GET or None)
    found: list[SigningRequest] = []
    if form.is_valid():
        found = queries.signed_with(form.cleaned_data["q"])
        if len(found) == 1:
            return SeeOther(queries.shown_path(found[0]))
    context = {"form": form, "found": found, "notes": notes()}
    return render(request, "core/signatures/check.html", context)


@login_not_required
@require_safe
def signing_shown(request: HttpRequest, reference: str) -> HttpResponse:
    """What was signed, by how many and when, without a name or a title; more for who manages the request."""
    asked = _request(reference)
    context: dict[str, Any] = {
        "asked": asked,
        "purpose": purpose_of(asked),
        "signatories": list(asked.signatories.select_related("signature__link")),
        "problems": queries.problems_of(asked),
        "may_manage": _may_manage(request, asked),
        "manage_url": purpose_of(asked).url(asked),
        "notes": notes(),
    }
    return render(request, "core/signatures/shown.html", context)


def _request(reference: str) -> SigningRequest:
    asked = SigningRequest.objects.filter(reference=parse(reference)).first()
    if asked is None:
        raise NotFound(_("No request to sign has this reference."))
    return asked


# -- By who asked -----------------------------------------------------------------------------------------------------


def _may_manage(request: HttpRequest, asked: SigningRequest) -> bool:
    return request.user.is_authenticated and purpose_of(asked).may_manage(request.user, asked)


def _managed(request: HttpRequest, reference: str) -> SigningRequest:
    """The request, for who manages it; NotFound for anybody else."""
    asked = _request(reference)
    if not _may_manage(request, asked):
        raise NotFound(_("No request to sign has this reference."))
    return asked


@never_cache
@require_safe
def signing_file(request: HttpRequest, reference: str) -> HttpResponse:
    """The bytes that are signed."""
    return _pdf(_managed(request, reference))


@drawn(most=2)
@never_cache
@require_safe
def signing_certificate(request: HttpRequest, reference: str) -> HttpResponse:
    """The certificate, once everybody has signed."""
    return _certificate(_managed(request, reference))


@require_POST
def signing_remind(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Mail a signatory their link again."""
    asked = _managed(request, reference)
    signatory = asked.signatories.filter(pk=pk).first()
    if signatory is None:
        raise NotFound(_("No request to sign has this reference."))
    with errors_as_message(request):
        actions.remind(signatory=signatory, actor_id=request.user.pk, now=clock.now())
        messages.success(request, _("Sent again."))
    return SeeOther(queries.shown_path(asked))


@require_POST
def signing_withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take a request back."""
    asked = _managed(request, reference)
    with errors_as_message(request):
        actions.withdraw(request=asked, actor_id=request.user.pk, now=clock.now())
        messages.success(request, _("Withdrawn: nobody signs it any more."))
    return SeeOther(queries.shown_path(asked))
