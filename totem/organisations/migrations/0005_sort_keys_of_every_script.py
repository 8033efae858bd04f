from django.db import migrations

from totem.core.sort_keys import refresh_sort_keys


class Migration(migrations.Migration):
    dependencies = [("organisations", "0004_share_in_percent")]
    operations = [migrations.RunPython(refresh_sort_keys("organisations", "Organisation"), migrations.RunPython.noop)]
