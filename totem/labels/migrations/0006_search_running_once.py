from django.db import migrations, models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

RUNNING = Q(state__in=["waiting", "searching"])


def end_all_but_the_first(apps, schema_editor):
    """Of the searches of a board that wait or run, the first goes on; the others are shown as broken off."""
    Search = apps.get_model("labels", "Search")
    earlier = Search.objects.filter(RUNNING, board=OuterRef("board"), pk__lt=OuterRef("pk"))
    Search.objects.filter(RUNNING, Exists(earlier)).update(
        state="failed", answer={"error": "broken"}, ended_at=Now()
    )


class Migration(migrations.Migration):
    dependencies = [("labels", "0005_publishing_approved")]

    operations = [
        migrations.RunPython(end_all_but_the_first, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name="search",
            constraint=models.UniqueConstraint(fields=["board"], condition=RUNNING, name="search_running_once"),
        ),
    ]
