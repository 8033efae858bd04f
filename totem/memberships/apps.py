"""Dues, plans, monthly agreements, passes and credits of a hub."""

from django.apps import AppConfig


class MembershipsConfig(AppConfig):
    name = "totem.memberships"
    label = "memberships"

    def ready(self) -> None:
        from totem.memberships import receivers  # noqa: F401, PLC0415 - connects them
