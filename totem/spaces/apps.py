from django.apps import AppConfig


class SpacesConfig(AppConfig):
    name = "totem.spaces"
    label = "spaces"
