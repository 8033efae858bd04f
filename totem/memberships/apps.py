"""Dues, plans, monthly agreements, passes and credits of a hub."""

from django.apps import AppConfig


class MembershipsConfig(AppConfig):
    name = "totem.memberships"
    label = "memberships"
