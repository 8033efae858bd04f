from django.db import migrations

from totem.core.sort_keys import refresh_sort_keys


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_languages_of_the_settings")]
    operations = [migrations.RunPython(refresh_sort_keys("accounts", "User"), migrations.RunPython.noop)]
