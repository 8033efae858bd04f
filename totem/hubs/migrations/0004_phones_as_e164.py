from django.db import migrations
from phonenumbers import PhoneNumberFormat, format_number

from totem.core.phones import parse
from totem.territories.models import PHONE_REGIONS


def convert(apps, schema_editor):
    """What is no valid number stays as it is: the page shows it, the form asks for it again."""
    for hub in apps.get_model("hubs", "Hub").objects.exclude(phone="").select_related("commune"):
        number = parse(hub.phone, PHONE_REGIONS.get(hub.commune.department_id, "FR"))
        if number is not None:
            type(hub).objects.filter(pk=hub.pk).update(phone=format_number(number, PhoneNumberFormat.E164))


class Migration(migrations.Migration):
    dependencies = [("hubs", "0003_customary_holidays")]
    operations = [migrations.RunPython(convert, migrations.RunPython.noop)]
