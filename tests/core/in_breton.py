"""Totem with a third language, added by a line of the settings and a folder. Run by test_languages.py.

`in_breton.py FOLDER`: the folder of catalogues. Prints pages, mails and figures in Breton, as one JSON object.
"""

import json
import os
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import django

from config import settings

settings.LANGUAGES.append(("br", "Breton"))
settings.LOCALE_PATHS.insert(0, Path(sys.argv[1]))
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

from django import forms  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import translation  # noqa: E402
from procrastinate.contrib.django.models import ProcrastinateJob  # noqa: E402

from tests.factories.accounts import UserFactory  # noqa: E402
from tests.factories.labels import CharterVersionFactory, content_of, requirement, words  # noqa: E402
from tests.factories.spaces import PriceFactory, SpaceFactory  # noqa: E402
from totem.bookings import actions, jobs  # noqa: E402
from totem.bookings.actions import Booker  # noqa: E402
from totem.core import rendering, wording  # noqa: E402
from totem.core.forms import MinutesField  # noqa: E402
from totem.core.models import Mail  # noqa: E402
from totem.core.periods import Period  # noqa: E402
from totem.labels.charters.format import UnitWords  # noqa: E402
from totem.observatory.exports import table_csv  # noqa: E402
from totem.observatory.tables import Column, Drawing, Table  # noqa: E402

NOW = datetime(2027, 3, 1, 7, tzinfo=UTC)
PERIOD = Period(datetime(2027, 11, 4, 13, tzinfo=UTC), datetime(2027, 11, 4, 15, 30, tzinfo=UTC))
UNIT = {"fr": "postes", "en": "desks", "br": "postoù", "br_one": "post"}


def page(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.content.decode()


def pages() -> dict[str, str]:
    space = SpaceFactory(name="Somme", hub__slug="amiens")
    PriceFactory(space=space, amount="1200.00")
    content = content_of([requirement("q1a", "judgement", guide=words("?"))], title={**words("Titre"), "br": "Titl"})
    CharterVersionFactory(data=content)
    reader = Client(SERVER_NAME="localhost", headers={"accept-language": "br"})
    return {
        "home": page(reader, "/"),
        "hub": page(reader, "/lieux/amiens/"),
        "charter": page(reader, reverse("labels:charter", args=["essai"])),
        "format": page(reader, reverse("labels:format")),
        "profile": page(signed_in(), reverse("accounts:profile")),
    }


def signed_in() -> Client:
    """Somebody who chose Breton at the foot of an English page."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(UserFactory(english=True))
    assert client.post(reverse("set_language"), {"language": "br"}).status_code == 302
    return client


def mail() -> dict[str, str]:
    space = SpaceFactory(name="Salle Somme")
    PriceFactory(space=space, amount="1200.00")
    actions.book(space=space, period=PERIOD, booker=Booker.oneself(UserFactory(language="br")), now=NOW)
    jobs.tell(**ProcrastinateJob.objects.get(task_name="bookings.tell").args)
    written = Mail.objects.get()
    return {"subject": written.subject, "text": written.text}


def figures() -> dict[str, object]:
    table = Table(
        name="essai",
        title="Essai",
        description="",
        columns=(Column("label", "Branche", "text"), Column("share", "Part", "percent")),
        rows=(("Services", 0.425), ("Conseil", 0.575)),
        drawing=Drawing("bars", "label", ("share",), decimals=1),
    )
    chart = table.chart
    assert chart is not None
    report = {
        "lang": translation.get_language(),
        "title": "Amiens",
        "at": wording.date_with_year(date(2026, 11, 1)),
        "at_iso": "2026-11-01",
        "figures": [],
        "sections": [{"title": "Branches", "image": "branches", "alt": "Branches"}],
        "notes": [],
        "words": {"notes": "Notes", "page": "{n}/{total}", "address": ""},
        "address": "https://example.org/",
    }
    return {
        "table": table.shown,
        "csv": table_csv(table).decode("utf-8-sig"),
        "chart": rendering.chart_svg(chart).decode(),
        "pdf": rendering.document_pdf("core/report", report, charts={"branches": chart}).decode("latin-1"),
    }


def written() -> dict[str, object]:
    return {
        "date": wording.date_words(date(2026, 10, 1), now=NOW),
        "period": wording.period(PERIOD.starts_at, PERIOD.ends_at, "Europe/Paris", now=NOW),
        "length": wording.minutes_words(90),
        "days": [wording.minutes_words(days * 1440) for days in (1, 2)],
        "money": wording.money(Decimal("1200")),
        "lengths": [str(words) for _minutes, words in MinutesField(maximum=60).choices],
        "units": [UnitWords(**UNIT).counted(number) for number in (1, 2)],
        "typed": forms.DateField().clean("05/03/2026").isoformat(),
    }


def main() -> None:
    with translation.override("br"):
        output = {**pages(), "mail": mail(), **figures(), **written()}
    sys.stdout.write(json.dumps(output))


main()
