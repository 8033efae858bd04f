"""Weeks and days."""

from django.http import Http404, HttpRequest, HttpResponse


def hub_week(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


def hub_day(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


def space(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    raise Http404
