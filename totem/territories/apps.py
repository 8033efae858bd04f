from django.apps import AppConfig


class TerritoriesConfig(AppConfig):
    name = "totem.territories"
    label = "territories"

    def ready(self) -> None:
        from totem.territories import receivers  # noqa: F401, PLC0415
