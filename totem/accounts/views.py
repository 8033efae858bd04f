"""Profile, choice of language, and the pages of a demonstration only. Sign-in pages are allauth's."""

import functools
from collections.abc import Callable
from typing import Any

from allauth.account import views as allauth_views
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from totem.accounts import actions
from totem.accounts.actions import ErasureRefused, erase_person, export_personal_data, update_profile
from totem.accounts.forms import ProfileForm
from totem.accounts.models import DemoRole, User
from totem.accounts.permissions import signed_in
from totem.core import clock, navigation
from totem.core.models import Mail
from totem.core.pages import SHOW_AND_SEND, form_status

# What each person of the demonstration is for, on the sign-in page.
DEMO_PEOPLE = [
    (DemoRole.MANAGER, gettext_lazy("Runs a hub: its hours, spaces, team and members.")),
    (DemoRole.DESK, gettext_lazy("Welcomes people: the day on one screen.")),
    (DemoRole.MEMBER, gettext_lazy("Books desks and rooms at the member's conditions.")),
    (DemoRole.OFFICER, gettext_lazy("Works for a territory: its perimeters, what is counted there.")),
    (DemoRole.VISITOR, gettext_lazy("Has an account and no hub yet.")),
]

View = Callable[..., HttpResponseBase]


def refusing(view: View) -> View:
    """Decorates allauth's view: 422 instead of 200 when it shows a form again with its errors."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.status_code == 200 and request.method == "POST":
            form = (response.context_data or {}).get("form")
            if form is not None and form.is_bound and form.errors:
                response.status_code = 422
        return response

    return answer


class SignInView(allauth_views.LoginView):  # type: ignore[misc]
    """Sign-in by password, with the way to sign in by code; a demonstration offers its people."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if settings.DEMO:
            there = set(User.objects.exclude(demo_role="").values_list("demo_role", flat=True))
            context["demo_people"] = [(role, help_text) for role, help_text in DEMO_PEOPLE if role in there]
        return context


def _safe_next(request: HttpRequest, default: str) -> str:
    """The address asked for in `next` when it is on this site, else `default`."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if ours else default


@login_not_required
@never_cache
@require_POST
def demo_login(request: HttpRequest, role: str) -> HttpResponse:
    """Become one of the invented people; only in a demonstration."""
    if not settings.DEMO or role not in DemoRole.values:
        raise Http404
    person = get_object_or_404(User.objects.filter(demo_role=role, is_active=True).order_by("id")[:1])
    login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
    # Not `redirect`, which takes what has no slash for the name of a view.
    return HttpResponseRedirect(_safe_next(request, resolve_url(settings.LOGIN_REDIRECT_URL)))


@login_not_required
@never_cache
@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """The last mails, so that a demonstration without a mail server can be followed to its end."""
    if not settings.DEMO:
        raise Http404
    return render(request, "accounts/outbox.html", {"mails": Mail.objects.order_by("-created_at", "-id")[:30]})


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the language chosen at the foot of the page, in the browser and for whoever is signed in."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise BadRequest("unknown language")
    if request.user.is_authenticated:
        update_profile(person=request.user, name=request.user.name, language=language)
    response = HttpResponseRedirect(_safe_next(request, "/"))
    _keep_language(response, language)
    return response


def _keep_language(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@never_cache
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Where signing in leads: to the workplace this person was in last, else a hub, a territory, their own pages."""
    return redirect(navigation.landing(request))


@require_http_methods(SHOW_AND_SEND)
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language and telephone, and the ways to the rest of one's account."""
    person = signed_in(request)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=person.pk))
    if request.method == "POST" and form.is_valid():
        saved = update_profile(person=person, **form.cleaned_data)
        with translation.override(saved.language):
            messages.success(request, _("Your profile is saved."))
        response = redirect("accounts:profile")
        _keep_language(response, saved.language)
        return response
    return render(request, "accounts/profile.html", {"form": form}, status=form_status(request))


@require_POST
def renew_desk_code(request: HttpRequest) -> HttpResponse:
    """Another code for the desks."""
    actions.renew_desk_code(person=signed_in(request))
    messages.success(request, _("Here is your new code; the former one no longer works."))
    return redirect(f"{reverse('accounts:profile')}#code")


@never_cache
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """Everything Totem holds about whoever asks, as a JSON file."""
    response = JsonResponse(
        export_personal_data(person=signed_in(request)), json_dumps_params={"ensure_ascii": False, "indent": 2}
    )
    response["Content-Disposition"] = 'attachment; filename="totem.json"'
    return response


@require_http_methods(SHOW_AND_SEND)
def erase(request: HttpRequest) -> HttpResponse:
    """Ask, then erase one's account; a refusal says what to settle first."""
    person = signed_in(request)
    if request.method != "POST":
        return render(request, "accounts/erase.html")
    try:
        erase_person(person=person, actor_id=person.pk, now=clock.now())
    except ErasureRefused as refusal:
        return render(request, "accounts/erase.html", {"refusal": refusal.reason}, status=409)
    logout(request)
    messages.success(request, _("Your account is erased."))
    return redirect("/")
