from django.apps import AppConfig


class HubsConfig(AppConfig):
    name = "totem.hubs"
    label = "hubs"
