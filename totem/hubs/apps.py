from django.apps import AppConfig


class HubsConfig(AppConfig):
    name = "totem.hubs"
    label = "hubs"

    def ready(self) -> None:
        from totem.hubs import receivers  # noqa: F401, PLC0415
