from django.apps import AppConfig


class PremisesConfig(AppConfig):
    name = "totem.premises"
    label = "premises"
