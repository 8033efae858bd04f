from django.db import migrations

from totem.core.sort_keys import refresh_sort_keys


class Migration(migrations.Migration):
    dependencies = [("premises", "0001_initial")]
    operations = [migrations.RunPython(refresh_sort_keys("premises", "Building"), migrations.RunPython.noop)]
