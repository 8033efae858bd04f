from django.db import migrations, models
from django.db.models.functions import Length

from totem.core.email_addresses import canonical_address

ASCII = models.lookups.Exact(
    models.Func(models.F("email"), function="octet_length", output_field=models.IntegerField()), Length("email")
)


def respell(apps, schema_editor):
    for model in (apps.get_model("accounts", "User"), apps.get_model("account", "EmailAddress")):
        for row in model.objects.exclude(ASCII):
            model.objects.filter(pk=row.pk).update(email=canonical_address(row.email))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_sort_keys_of_every_script"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [
        migrations.RunPython(respell, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user", constraint=models.CheckConstraint(condition=ASCII, name="accounts_email_ascii")
        ),
    ]
