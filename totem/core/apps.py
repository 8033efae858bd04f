from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from totem.core import measures, roles, subjects


class CoreConfig(AppConfig):
    name = "totem.core"
    label = "core"

    def ready(self) -> None:
        post_migrate.connect(roles.grant, sender=self)
        autodiscover_modules(
            "subjects",
            "measures",
            "navigation",
            "limits",
            "invitations",
            "approvals",
            "checklist",
            "integrity",
            "signatures",
        )
        for measure in measures.everything():
            subjects.kind_of(measure)  # raises for a kind that no room registers
