from importlib import import_module

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "totem.organisations"
    label = "organisations"

    def ready(self) -> None:
        import_module("totem.organisations.receivers")
