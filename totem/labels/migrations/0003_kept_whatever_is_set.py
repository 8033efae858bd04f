from typing import ClassVar

from django.db import migrations

# The triggers of django-pgtrigger can be switched off by a setting of the session, which the application's role may
# set; these cannot. They guard the documents of a version too, whose table has no model of its own.
KEPT = (
    "labels_charterversion",
    "labels_evaluation",
    "labels_judgement",
    "labels_observationversion",
    "labels_observationversion_documents",
    "labels_retention",
)
FUNCTION = """
CREATE FUNCTION labels_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'What was published or frozen is kept: % of %.', TG_OP, TG_TABLE_NAME; END$$
"""
TRIGGER = """
CREATE TRIGGER kept_whatever_is_set BEFORE UPDATE OR DELETE OR TRUNCATE ON {}
FOR EACH STATEMENT EXECUTE FUNCTION labels_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("labels", "0002_seats_share_the_capital")]
    operations: ClassVar = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION labels_refuse_change()"),
        *(migrations.RunSQL(TRIGGER.format(table), f"DROP TRIGGER kept_whatever_is_set ON {table}") for table in KEPT),
    ]
