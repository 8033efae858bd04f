"""Who was a member already was made one by the team."""

from typing import ClassVar

from django.db import migrations

COPY = """
INSERT INTO memberships_admission (hub_id, person_id, starts_on, ends_on, created_at, updated_at)
SELECT hub_id, person_id, starts_on, ends_on, created_at, updated_at FROM hubs_membership
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("memberships", "0001_memberships"), ("hubs", "0009_people")]
    operations: ClassVar = [migrations.RunSQL(COPY, migrations.RunSQL.noop)]
