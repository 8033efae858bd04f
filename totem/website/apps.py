from django.apps import AppConfig


class WebsiteConfig(AppConfig):
    name = "totem.website"
    label = "website"
