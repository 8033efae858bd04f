from django.apps import AppConfig


class SpacesConfig(AppConfig):
    name = "totem.spaces"
    label = "spaces"

    def ready(self) -> None:
        from totem.spaces import receivers  # noqa: F401, PLC0415
