"""A pasted list of SIREN and SIRET, against a stock of five companies."""

from pathlib import Path

import pytest
from django.test import Client
from stdnum import luhn

from tests.conftest import ModuleRows
from tests.factories.accounts import UserFactory
from tests.factories.observatory import ActivityPerimeterFactory, ActivityVersionFactory, establishment, make_stock
from tests.factories.territories import CommuneFactory
from totem.core import expensive
from totem.observatory.activities import DEFAULT
from totem.observatory.pasted import PastedStanding, parse_list

pytestmark = pytest.mark.django_db
PAGE = "/observatoire/commune/80021/liste-de-siren/"


def siren(start: int) -> str:
    return f"{start}{luhn.calc_check_digit(str(start))}"


HERE, ELSEWHERE, OTHER, CLOSED, HIDDEN, UNKNOWN = (siren(start) for start in range(81000000, 81000006))
SIRET = f"{HERE}0001{luhn.calc_check_digit(HERE + '0001')}"


@pytest.fixture(scope="module")
def _stock(module_db: ModuleRows, stock_folder: Path) -> None:
    with module_db():
        CommuneFactory(amiens=True)
        CommuneFactory(rouen=True)
        ActivityVersionFactory(perimeter=ActivityPerimeterFactory(slug=DEFAULT, name="Secteur TIC"))
        make_stock(
            [
                establishment(siren=HERE, siret=SIRET, name="Grande Ourse"),
                establishment(siren=HERE, name="Agence", commune="76540", head_office=False),
                establishment(siren=ELSEWHERE, name="Rouennaise", commune="76540"),
                establishment(siren=OTHER, name="Restaurant", code="56.10A", code25="56.11Y"),
                establishment(siren=CLOSED, open=False, closed=2024),
                establishment(siren=HIDDEN, diffusion="P"),
            ]
        )


@pytest.fixture
def officer(client: Client, _stock: None) -> Client:
    client.force_login(UserFactory())
    return client


def test_each_line_is_known_or_says_why(officer: Client) -> None:
    lines = {
        f"{HERE[:3]} {HERE[3:6]} {HERE[6:]};Grande Ourse": "ici",
        SIRET: "ici",
        ELSEWHERE: "ailleurs",
        OTHER: "autre-ici",
        CLOSED: "ferme",
        HIDDEN: "diffusion-partielle",
        UNKNOWN: "inconnu",
        f"{UNKNOWN}\t{ELSEWHERE}": "double",
        "4.20821E+13": "malforme",
        HERE[:8]: "malforme",
        "SIREN;Nom": "malforme",
        f"{HERE[:8]}{(int(HERE[8]) + 1) % 10}": "malforme",
    }
    answer = officer.post(PAGE, {"numbers": "\n".join(lines)})
    assert {line.text: line.standing for line in answer.context["lines"]} == lines
    page = answer.content.decode()
    assert "Un tableur a arrondi ce numéro" in page
    assert "Comme la ligne 7." in page
    counted = dict(answer.context["counts"])
    assert (counted[PastedStanding.HERE], counted[PastedStanding.MALFORMED], sum(counted.values())) == (2, 4, 12)
    hidden = next(line for line in answer.context["lines"] if line.number == HIDDEN)
    assert not any(hidden.held.values())


def test_the_same_list_as_csv(officer: Client) -> None:
    answer = officer.post(PAGE, {"numbers": f"=1+1\n{HERE}", "format": "csv"})
    text = b"".join(answer).decode("utf-8-sig")  # type: ignore[arg-type]
    assert f"2;{HERE};{HERE};Dans la liste d’activités, et ici;;Grande Ourse;Amiens;62.01Z;2;1" in text
    assert "1;'=1+1;" in text


def test_a_list_is_asked_for_and_not_too_long(officer: Client) -> None:
    assert officer.post(PAGE, {"numbers": ""}).status_code == 422
    assert officer.post(PAGE, {"numbers": "1\n" * 2_001}).status_code == 422
    assert "Retrouver les entreprises" in officer.get("/observatoire/commune/80021/entreprises/").content.decode()


@pytest.mark.parametrize("text", ["", "\x00", "1" * 500, "½ ² ٣٣٣", "9e999999999", "- . ,"])
def test_nothing_that_is_pasted_breaks_it(text: str) -> None:
    assert all(line.standing == PastedStanding.MALFORMED for line in parse_list(text))


def test_a_list_that_is_not_looked_up_at_once_stays_in_its_field(officer: Client, monkeypatch) -> None:
    monkeypatch.setattr(expensive._thread, "answers_pages", True, raising=False)
    assert officer.get(PAGE).status_code == 200
    page = officer.post(PAGE, {"numbers": HERE}, headers={"accept-language": "fr"})
    assert page.status_code == 422
    assert "D’autres listes sont en cours de recherche" in page.text
    assert HERE in page.text
