"""Filed accounts as they come in: which lines count, what is refused, and that coming twice changes nothing."""

import gzip
import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from django.core.management import CommandError, call_command

from tests.factories.organisations import OrganisationFactory, YearFiguresFactory, siren
from totem.core.models import JournalEntry
from totem.observatory.accounts import import_accounts
from totem.observatory.register.published import ImportRefused
from totem.organisations.actions import ImportCounts
from totem.organisations.models import YearFigures
from totem.organisations.queries import growth

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SIREN = siren(80_001)
# Invented figures under the published columns (those that are not read stand in between).
HEAD = "siren;date_cloture_exercice;chiffre_d_affaires;marge_brute;resultat_net;type_bilan;confidentiality"


def written(folder: Path, *lines: str, head: str = HEAD) -> Path:
    file = folder / "ratios_inpi_bce.csv"
    file.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    return file


def line(revenue: str = "1000000", *, closing: str = "2025-12-31", kind: str = "C", shown: str = "Public") -> str:
    return f"{SIREN};{closing};{revenue};1;2;{kind};{shown}"


@pytest.fixture
def company():
    return OrganisationFactory(company=True, siren=SIREN)


def test_figures_come_in_public_with_the_sum_of_their_file(tmp_path, company):
    file = written(tmp_path, line("1250000"), line("1000000", closing="2024-12-31"))
    assert import_accounts(file, now=NOW) == ImportCounts(added=2)
    after, before = company.years.order_by("-year")
    assert (after.year, after.closing_date, after.revenue, after.accounts) == (
        2025,
        date(2025, 12, 31),
        Decimal(1250000),
        "C",
    )
    assert after.public
    assert after.workspace is None
    assert after.imported_from == f"ratios_inpi_bce.csv sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert after.staff_low is None
    assert growth(after, before) == 25


def test_the_same_again_changes_nothing(tmp_path, company):
    file = written(tmp_path, line("1234,567"))
    import_accounts(file, now=NOW)
    saved, entries = company.years.get().updated_at, JournalEntry.objects.count()
    assert import_accounts(file, now=NOW) == ImportCounts(same=1)
    assert company.years.get().updated_at == saved
    assert JournalEntry.objects.count() == entries


def test_a_correction_takes_the_place_of_what_was_imported(tmp_path, company):
    import_accounts(written(tmp_path, line("1000000")), now=NOW)
    assert import_accounts(written(tmp_path, line("1100000")), now=NOW) == ImportCounts(changed=1)
    assert company.years.get().revenue == Decimal(1100000)


def test_what_a_territory_declares_stands_beside(tmp_path, company):
    declared = YearFiguresFactory(organisation=company, revenue=Decimal(1))
    import_accounts(written(tmp_path, line()), now=NOW)
    declared.refresh_from_db()
    assert declared.revenue == 1
    assert company.years.count() == 2


def test_public_figures_written_by_hand_are_left(tmp_path, company):
    by_hand = YearFiguresFactory(organisation=company, imported=True, imported_from="", revenue=Decimal(1))
    assert import_accounts(written(tmp_path, line()), now=NOW) == ImportCounts(left=1)
    by_hand.refresh_from_db()
    assert by_hand.revenue == 1


@pytest.mark.parametrize("order", [("K", "C", "S"), ("S", "C", "K"), ("C", "K", "S")])
def test_consolidated_accounts_come_first(tmp_path, company, order):
    revenues = {"K": "300", "C": "200", "S": "100"}
    import_accounts(written(tmp_path, *(line(revenues[kind], kind=kind) for kind in order)), now=NOW)
    assert (company.years.get().revenue, company.years.get().accounts) == (300, "K")


@pytest.mark.parametrize("shown", ["Confidentiel", "Non public", "", "confidentialite partielle"])
def test_accounts_that_are_not_public_give_nothing(tmp_path, company, shown):
    import_accounts(written(tmp_path, line(shown=shown)), now=NOW)
    assert not company.years.exists()


def test_companies_that_are_not_here_give_nothing(tmp_path):
    OrganisationFactory(siren="")
    assert import_accounts(written(tmp_path, line()), now=NOW) == ImportCounts()
    assert not YearFigures.objects.exists()


def test_each_establishment_that_is_here_has_its_company_s_figures(tmp_path):
    one = OrganisationFactory(company=True, siren="356000000", siret="35600000000048")
    two = OrganisationFactory(company=True, siren="356000000")
    import_accounts(written(tmp_path, "356000000;2025-12-31;12;1;2;C;Public"), now=NOW)
    assert one.years.get().revenue == two.years.get().revenue == 12


@pytest.mark.parametrize(
    ("typed", "revenue"),
    [("9876543210", "9876543210"), ("1 234 567,89", "1234567.89"), ("1\u202f234,5", "1234.5"), ("-12", "-12")],
)
def test_amounts_beyond_32_bits_and_as_the_french_write_them(tmp_path, company, typed, revenue):
    import_accounts(written(tmp_path, line(typed)), now=NOW)
    assert company.years.get().revenue == Decimal(revenue)


@pytest.mark.parametrize(
    ("extra", "cells", "staff", "share"),
    [
        ("effectif;part_internationale", "26;41,5", 26, "41.5"),
        ("staff;chiffre_d_affaires_export", "0;400000", 0, "40"),
        # Just below 40 % stays below: the share is cut, never rounded up.
        ("effectif;chiffre_d_affaires_export", ";399999,999999", None, "39.999999"),
        ("effectif;part_internationale;chiffre_d_affaires_export", "3;12;900000", 3, "12"),
    ],
)
def test_staff_and_share_abroad_when_the_file_has_them(tmp_path, company, extra, cells, staff, share):
    import_accounts(written(tmp_path, f"{line()};{cells}", head=f"{HEAD};{extra}"), now=NOW)
    figures = company.years.get()
    assert (figures.staff_low, figures.staff_high) == (staff, staff)
    assert figures.international_share == Decimal(share)


@pytest.mark.parametrize("missing", ["siren", "chiffre_d_affaires", "type_bilan", "confidentiality"])
def test_a_missing_column_is_named_and_nothing_is_written(tmp_path, company, missing):
    file = written(tmp_path, line(), head=HEAD.replace(missing, "autre"))
    with pytest.raises(ImportRefused, match=f"ratios_inpi_bce.csv has no column {missing}"):
        import_accounts(file, now=NOW)
    assert not company.years.exists()


def test_a_file_in_another_encoding_is_refused_whole(tmp_path, company):
    file = written(tmp_path, line())
    file.write_bytes(file.read_bytes() + line("2").encode() + "é\n".encode("latin-1"))
    with pytest.raises(ImportRefused, match="not UTF-8"):
        import_accounts(file, now=NOW)
    assert not company.years.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (line("12 millions"), "line 3, chiffre_d_affaires: '12 millions' is no number"),
        (line("NaN"), "line 3, chiffre_d_affaires: 'NaN' is no number"),
        (line("1" * 20), "line 3, chiffre_d_affaires"),
        (line(closing="2025-13-31"), "line 3, date_cloture_exercice: '2025-13-31' is no day"),
        (line(closing="2027-12-31"), "line 3, date_cloture_exercice: '2027-12-31' is not over yet"),
        (line(kind="X"), "line 3, type_bilan: 'X' is none of K, C, S"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_and_the_others_count(tmp_path, company, wrong, words):
    told: list[str] = []
    file = written(tmp_path, line("7", closing="2023-06-30"), wrong, line("8", closing="31/12/2024"))
    assert import_accounts(file, now=NOW, progress=told.append) == ImportCounts(added=2)
    assert any(words in text for text in told), told
    assert set(company.years.values_list("year", "revenue")) == {(2023, 7), (2024, 8)}


def test_commas_and_a_byte_order_mark_are_read(tmp_path, company):
    file = tmp_path / "ratios.csv"
    file.write_text(f"{HEAD}\n{line()}\n".replace(";", ","), encoding="utf-8-sig")
    assert import_accounts(file, now=NOW) == ImportCounts(added=1)
    assert company.years.count() == 1


def test_the_same_accounts_packed_or_as_parquet_are_the_same(tmp_path, company):
    file = written(tmp_path, line("1250000,50"), line("7", shown="Confidentiel"), "1;2025-12-31;9;1;2;C;Public")
    packed, table = tmp_path / "ratios.csv.gz", tmp_path / "ratios.parquet"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    duckdb.sql(f"COPY (FROM read_csv('{file}', types = {{'siren': 'VARCHAR'}}, decimal_separator = ',')) TO '{table}'")
    told: list[str] = []
    assert import_accounts(packed, now=NOW, progress=told.append) == ImportCounts(added=1)
    company.years.all().delete()
    assert import_accounts(table, now=NOW, progress=told.append) == ImportCounts(added=1)
    assert company.years.get().revenue == Decimal("1250000.50")
    assert [text.strip() for text in told if "siren" in text] == [
        "line 4, siren: '1' is no SIREN",
        "line 3, siren: '1' is no SIREN",
    ]


@pytest.mark.parametrize("end", [b"", b"PAR1"])
def test_a_file_that_was_cut_is_refused_whole(tmp_path, company, end):
    packed = tmp_path / "ratios.csv.gz"
    packed.write_bytes(end + b"..." if end else gzip.compress(written(tmp_path, line()).read_bytes())[:-12])
    with pytest.raises(ImportRefused, match=r"is a (cut or damaged gzip|damaged or cut Parquet) file"):
        import_accounts(packed, now=NOW)
    assert not company.years.exists()


class TestCommand:
    def test_counts_what_it_did(self, tmp_path, company):
        out = StringIO()
        file = written(tmp_path, line(), line(shown="Confidentiel"), f"{siren(80_002)};2025-12-31;1;1;2;C;Public")
        call_command("observatory", "accounts", str(file), stdout=out)
        said = out.getvalue()
        assert "3 lines; left out: 1 of companies that are not here, 1 not public," in said
        assert "1 added, 0 changed, 0 as they were" in said

    def test_refuses_what_is_not_there(self, tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("observatory", "accounts", str(tmp_path / "none.csv"))
