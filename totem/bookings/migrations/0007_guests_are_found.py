from django.db import migrations

from totem.core.sort_keys import SortKeyField, refresh_sort_keys


class Migration(migrations.Migration):
    dependencies = [("bookings", "0006_end_of_what_runs")]
    operations = [
        migrations.AddField("booking", "guest_key", SortKeyField(source="guest_name", max_length=200, db_default="")),
        migrations.RunPython(refresh_sort_keys("bookings", "Booking", "guest_key"), migrations.RunPython.noop),
    ]
