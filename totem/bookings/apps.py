from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "totem.bookings"
    label = "bookings"

    def ready(self) -> None:
        from totem.bookings import invoicing, receivers  # noqa: F401, PLC0415
