from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "totem.organisations"
    label = "organisations"
