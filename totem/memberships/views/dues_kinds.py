"""What a hub asks of its members: the rule, the kinds of dues, their amounts and questions."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.billing.permissions import row_for
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, Confirmation, errors_in, form_status, run_or_confirm
from totem.hubs.permissions import MANAGE, hub_for
from totem.memberships.actions import dues_kinds as actions
from totem.memberships.actions.standing import affected, set_rule
from totem.memberships.forms.dues import AmountForm, KindForm, QuestionForm, RuleForm
from totem.memberships.models import DuesKind, DuesQuestion
from totem.memberships.queries import dues as queries


@require_http_methods(SHOW_AND_SEND)
def dues_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """The rule of membership, and the kinds of dues; who no longer would be a member is shown by their bookings."""
    hub, by = hub_for(request.user, slug, MANAGE), signed_in(request)
    rule = queries.rule_of(hub)
    initial = {"asked_for": rule.asked_for, "reminds": rule.reminds}
    form = RuleForm(request.POST or None, initial=initial)
    confirmation = Confirmation()
    if form.is_valid():
        confirmation = run_or_confirm(
            form, lambda: affected(set_rule(hub=hub, by=by, **form.cleaned_data), by=by, now=clock.now())
        )
        if confirmation.done:
            messages.success(request, _("Saved."))
            return redirect("memberships:dues_settings", hub.slug)
    context = {"hub": hub, "form": form, "kinds": DuesKind.objects.filter(hub=hub), "confirmation": confirmation}
    code = form_status(request, confirmation.status)
    return render(request, "memberships/dues_settings.html", context, status=code)


@require_http_methods(SHOW_AND_SEND)
def dues_kind_add(request: HttpRequest, slug: str) -> HttpResponse:
    """A new kind of dues."""
    hub = hub_for(request.user, slug, MANAGE)
    form = KindForm(request.POST or None, instance=DuesKind(hub=hub))
    if form.is_valid():
        with errors_in(form):
            kind = actions.save_kind(kind=DuesKind(hub=hub), by=signed_in(request), **form.cleaned_data)
            return redirect("memberships:dues_kind", hub.slug, kind.pk)
    context = {"hub": hub, "form": form}
    return render(request, "memberships/dues_kind_form.html", context, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def dues_kind_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The period, the rules and the words of a kind of dues."""
    hub, kind = row_for(request.user, slug, DuesKind, pk, MANAGE)
    form = KindForm(request.POST or None, instance=kind)
    if form.is_valid():
        with errors_in(form):
            fresh = DuesKind.objects.get(pk=kind.pk)
            actions.save_kind(kind=fresh, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("memberships:dues_kind", hub.slug, kind.pk)
    context = {"hub": hub, "form": form, "kind": kind}
    return render(request, "memberships/dues_kind_form.html", context, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def dues_kind(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A kind of dues: its amounts, and a form for one from a day on."""
    hub, kind = row_for(request.user, slug, DuesKind, pk, MANAGE)
    form = AmountForm(request.POST or None, initial={"starts_on": clock.today(hub.zone)})
    if form.is_valid():
        with errors_in(form):
            actions.set_amount(kind=kind, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("memberships:dues_kind", hub.slug, kind.pk)
    context = {"hub": hub, "kind": kind, "form": form, "amounts": kind.amounts.all()}
    return render(request, "memberships/dues_kind.html", context, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def dues_questions(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The questions asked on joining, and a form for another one."""
    hub, kind = row_for(request.user, slug, DuesKind, pk, MANAGE)
    form = QuestionForm(request.POST or None)
    if form.is_valid():
        with errors_in(form):
            actions.add_question(kind=kind, by=signed_in(request), **form.cleaned_data)
            return redirect("memberships:dues_questions", hub.slug, kind.pk)
    context = {"hub": hub, "kind": kind, "form": form, "questions": kind.questions.filter(is_active=True)}
    return render(request, "memberships/dues_questions.html", context, status=form_status(request))


@require_POST
def dues_question_end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask a question no longer."""
    hub = hub_for(request.user, slug, MANAGE)
    question = get_object_or_404(DuesQuestion.objects.select_related("kind__hub"), kind__hub=hub, pk=pk)
    actions.stop_asking(question=question, by=signed_in(request))
    messages.success(request, _("It is asked no longer; the answers are kept."))
    return redirect("memberships:dues_questions", hub.slug, question.kind_id)
