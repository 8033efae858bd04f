from django.db import migrations, models

import totem.core.languages


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_date_joined_by_the_databases_clock"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="language",
            field=models.CharField(
                choices=totem.core.languages.choices, default="fr", max_length=5, verbose_name="language"
            ),
        ),
    ]
