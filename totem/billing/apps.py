from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "totem.billing"
    label = "billing"

    def ready(self) -> None:
        from totem.billing import receivers  # noqa: F401, PLC0415 - connects them
