"""The test infrastructure itself: isolation by transaction, and databases with real commits."""

import os
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from tests import postgres
from totem.core.embedded import Server
from totem.core.models import JournalEntry


def entry() -> JournalEntry:
    return JournalEntry.objects.create(at=timezone.now(), verb="core.tried", subject_model="core.mail", subject_id=1)


@pytest.mark.django_db
@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_leaves_no_rows(turn: int) -> None:
    assert not JournalEntry.objects.exists()
    entry()


@pytest.mark.parametrize("turn", [1, 2])
def test_committed_rows_are_seen_from_outside_and_gone_with_the_database(committed_db: str, turn: int) -> None:
    assert not JournalEntry.objects.exists()
    entry()
    with psycopg.connect(committed_db) as outside:
        assert outside.execute("SELECT count(*) FROM core_journalentry").fetchone() == (1,)
    assert os.environ["DATABASE_URL"] == committed_db


@pytest.mark.django_db
def test_the_role_of_the_tests_is_no_superuser() -> None:
    if not os.environ.get("TEST_DATABASE_URL"):
        with connection.cursor() as cursor:
            cursor.execute("SHOW is_superuser")
            assert cursor.fetchone() == ("off",)


class TestTemplate:
    """The migrated template is complete and of the present migrations, or it is made again."""

    @pytest.fixture(autouse=True)
    def kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(postgres, "KEPT", tmp_path / "kept")
        return tmp_path / "kept"

    def test_it_is_another_when_a_file_that_shapes_it_changes(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setattr(postgres, "ROOT", tmp_path)
        monkeypatch.setattr(postgres, "__file__", str(tmp_path / "postgres.py"))
        migration, named, package = "a/migrations/0001.py", "core/constraints.py", "a/models/b.py"
        files = [tmp_path / "totem" / name for name in (migration, named, package)]
        files += [tmp_path / "config" / "settings.py", tmp_path / "postgres.py"]
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        files[0].write_text("import totem.core.constraints\nimport totem.a.models.new_key\n")
        names = {postgres.template_name.__wrapped__()}
        for path in files:
            path.write_text(f"{path.read_text()}# changed\n")
            names.add(postgres.template_name.__wrapped__())
        assert len(names) == 1 + len(files)

    def test_a_copy_that_fails_leaves_nothing(self, kept: Path, tmp_path: Path) -> None:
        source = tmp_path / "postgresql"
        (source / "data").mkdir(parents=True)
        (source / "data" / "PG_VERSION").symlink_to("18")
        kept.mkdir()
        postgres._kept().write_text("in the way")  # as a full disk would be: the copy is made, its name not given
        postgres._keep(Server(source))
        assert list(kept.iterdir()) == [postgres._kept()]
        assert not postgres._copy(tmp_path / "nowhere", kept / "copy")
        assert list(kept.iterdir()) == [postgres._kept()]

    def test_what_was_not_used_for_long_goes(self, kept: Path, tmp_path: Path) -> None:
        names = [f"totem_template_{n}" for n in range(postgres.KEPT_CLUSTERS + 2)]
        for n, name in enumerate(names):
            (kept / name).mkdir(parents=True)
            os.utime(kept / name, (n, n))
        os.utime(kept / names[0])  # used a moment ago
        (tmp_path / "postgresql" / "data").mkdir(parents=True)
        postgres._keep(Server(tmp_path / "postgresql"))
        left = {path.name for path in kept.iterdir()}
        assert names[0] in left
        assert postgres._kept().name in left
        assert len(left) == postgres.KEPT_CLUSTERS
