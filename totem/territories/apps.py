from django.apps import AppConfig


class TerritoriesConfig(AppConfig):
    name = "totem.territories"
    label = "territories"
