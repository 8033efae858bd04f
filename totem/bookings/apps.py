from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "totem.bookings"
    label = "bookings"
