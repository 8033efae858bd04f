"""The figures of a hub: of a period for its team, of the last months for its funders and its label file."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from totem.bookings.queries import first_booking_at
from totem.core import clock, measures, wording
from totem.core.components import Tab
from totem.core.expensive import apart
from totem.core.pages import NotFound
from totem.core.periods import Period
from totem.core.rendering import chart_svg
from totem.core.rendering.queued import drawn
from totem.core.spreadsheets import spreadsheet
from totem.hubs.models import Hub
from totem.hubs.permissions import SEE_DESK, hub_for
from totem.hubs.subjects import HUB
from totem.memberships.subjects import HUB_MONEY
from totem.website.figures import booked_week, hub_figures, report
from totem.website.figures_files import LISTS
from totem.website.report_periods import NAMES, ReportForm, months_until

CHART_WIDTHS = {"390": 390, "720": 720}
WEEK_TITLE = gettext_lazy("Hours booked, by weekday and hour")


def _form(request: HttpRequest, hub: Hub) -> ReportForm:
    return ReportForm(request.GET, hub, first_booking=first_booking_at(hub), now=clock.now())


@require_safe
def figures(request: HttpRequest, slug: str) -> HttpResponse:
    """The figures of the period asked for, each with its definition and what it was in the period before."""
    hub = hub_for(request.user, slug, SEE_DESK)
    form = _form(request, hub)
    period = form.period
    context = {
        "hub": hub,
        "form": form,
        "now": form.now,
        "report": report(hub, period, form.now) if period else None,
        "tabs": [
            Tab(NAMES[name], one.query, current=period is not None and one.name == period.name)
            for name, one in form.usual().items()
        ],
        "weekdays": wording.weekdays_short(),
    }
    return render(request, "website/figures.html", context, status=200 if form.is_valid() else 400)


@drawn(most=12)
@require_safe
def week_chart(request: HttpRequest, slug: str) -> HttpResponse:
    """The hours booked by weekday and hour as SVG, `?largeur=` 390 or 720 pixels wide."""
    hub = hub_for(request.user, slug, SEE_DESK)
    period, width = _form(request, hub).period, CHART_WIDTHS.get(request.GET.get("largeur", "720"))
    week = booked_week(hub, period.hours) if period and width else None
    if week is None or width is None or not week.cells:
        raise NotFound(_("There is no such chart."))
    drawing = chart_svg(week.chart(f"{WEEK_TITLE}, {hub.name}", width))
    return HttpResponse(drawing, content_type="image/svg+xml; charset=utf-8")


@apart(most=2)
@never_cache
@require_safe
def figures_file(request: HttpRequest, slug: str, name: str, extension: str) -> HttpResponseBase:
    """A list of the page as CSV or XLSX: its figures (`chiffres`), its spaces (`espaces`) or its week (`semaine`)."""
    hub = hub_for(request.user, slug, SEE_DESK)
    form = _form(request, hub)
    if name not in LISTS or not (period := form.period):
        raise NotFound(_("There is no such list."))
    columns, rows = LISTS[name](report(hub, period, form.now))
    first, last = period.days
    return spreadsheet(extension, f"{name}-{hub.slug}-{first}-{last}", columns, rows, zone=hub.zone)


@require_safe
def year(request: HttpRequest, slug: str) -> HttpResponse:
    """Every measure about the hub over the last twelve whole months, each with its method; the moving ones by month."""
    hub = hub_for(request.user, slug, SEE_DESK)
    now = clock.now()
    months = months_until(hub, first_booking_at(hub), now)
    period = Period(months[0].starts_at, months[-1].ends_at)
    days = [month.starts_at.astimezone(hub.zone).date() for month in months]
    context = {
        "hub": hub,
        "now": now,
        "days": days,
        "months_words": wording.months_words(days[0], days[-1]),
        "is_running": period.ends_at == now,
        "measurements": [
            measures.take(known.name, [hub], period, now) for kind in (HUB, HUB_MONEY) for known in measures.about(kind)
        ],
        "months": list(zip(days, hub_figures(hub, months, now), strict=True)),
    }
    return render(request, "website/figures_year.html", context)
