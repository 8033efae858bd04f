from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LabelsConfig(AppConfig):
    name = "totem.labels"
    verbose_name = _("labels")

    def ready(self) -> None:
        import_module("totem.labels.receivers")
