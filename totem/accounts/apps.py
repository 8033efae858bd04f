from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "totem.accounts"
    label = "accounts"
