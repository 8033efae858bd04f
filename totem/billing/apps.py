from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "totem.billing"
    label = "billing"
