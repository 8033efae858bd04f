from django.apps import AppConfig


class ObservatoryConfig(AppConfig):
    name = "totem.observatory"
    label = "observatory"
