"""Fixtures of all tests: a PostgreSQL server of the session, and databases with real commits.

`TEST_DATABASE_URL` names a server to use instead of the embedded one; its role must be allowed to create databases.
"""

import contextlib
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import django
import pytest
from hypothesis import settings as hypothesis_settings

from tests.postgres import ThrowAwayCluster, copy_of_template, make_template, url_of

_CLUSTER: ThrowAwayCluster | None = None
_DATA: Path | None = None
if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers of pytest-xdist inherit all this
    # Without compiled modules each of the many `totem` commands that tests start would compile all of them anew.
    for name in [name for name in os.environ if name.startswith("TOTEM_") or name == "PYTHONDONTWRITEBYTECODE"]:
        del os.environ[name]
    _DATA = Path(tempfile.mkdtemp(prefix="totem-test-data-"))
    (_DATA / "static").mkdir()  # WhiteNoise warns of a missing folder
    os.environ["TOTEM_MODE"] = "test"
    os.environ["TOTEM_DATA"] = str(_DATA)
    os.environ["TOTEM_SECRET_KEY"] = "a-key-for-tests-only-" * 3
    if os.environ.get("TEST_DATABASE_URL"):
        os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    else:
        _CLUSTER = ThrowAwayCluster()
        os.environ["DATABASE_URL"] = _CLUSTER.url
# Named here and not in pyproject.toml: pytest-django would read the settings before the lines above.
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

from django.conf import settings  # noqa: E402 - after the set-up
from django.contrib.auth.hashers import Argon2PasswordHasher  # noqa: E402 - after the set-up
from django.db import connection, connections, transaction  # noqa: E402
from django.http import HttpResponseNotFound  # noqa: E402
from django.utils import translation  # noqa: E402

from config import urls  # noqa: E402
from totem.core import clock, embedded, rendering  # noqa: E402

if connection.settings_dict["USER"] == embedded.ROLE:
    settings.DATABASE_OWNER = {"USER": embedded.OWNER}  # for `as_owner`; commands in processes of their own are told
# Tests measure no time: a drawing may wait and take as long as the machine needs.
rendering.SECONDS = rendering.PATIENCE = 600
# Argon2 with its cheapest parameters: its cost is Django's choice, and not what is tested.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1
# Each test client makes the middleware anew: static files are looked for when asked for, not all of them each time.
settings.WHITENOISE_AUTOREFRESH = True
# CI tries the same examples each time; everybody else's runs look for new ones. `make test-full` takes the profile
# "full". A test that needs more or fewer examples says so as a share of the profile's.
for name, examples in (("quick", 40), ("full", 100)):
    hypothesis_settings.register_profile(name, deadline=None, derandomize="CI" in os.environ, max_examples=examples)
hypothesis_settings.load_profile("quick")

REAL_COMMITS = (
    "Journal rows cannot be deleted or truncated, so a test cannot clean up after real commits: use the fixture "
    "`committed_db`, which gives the test a database of its own, instead of {} (tests/conftest.py)."
)
ModuleRows = Callable[[], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def _no_language_of_another_test() -> None:
    """A thread keeps the language of the last page it made: a test that makes none reads in the site's own."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_time_of_another_test(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test without the database does not find the time that an earlier test read there: alone or not, it fails."""
    if not request.node.get_closest_marker("django_db") and not DATABASES & set(request.fixturenames):
        monkeypatch.setattr(clock, "_reading", None)


DATABASES = {"db", "django_db_setup", "committed_db", "module_db"}
TRUNCATING = {"transactional_db", "live_server", "django_db_reset_sequences", "django_db_serialized_rollback"}


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.option.collectonly or hasattr(session.config, "workerinput"):
        return
    if _CLUSTER is not None:
        _CLUSTER.start()
    else:
        make_template(connection.settings_dict)


def pytest_collection_finish() -> None:
    """The modules and tests stay to the end: the garbage collector does not go through them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20)  # 3% of the time of tests of pages; 6% by the default (700, 10)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if _CLUSTER is not None:
        _CLUSTER.stop()
    if _DATA is not None:
        shutil.rmtree(_DATA, ignore_errors=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("django_db")
    wrong = sorted(TRUNCATING & set(getattr(item, "fixturenames", ())))
    if marker and (marker.kwargs.get("transaction") or marker.kwargs.get("reset_sequences")):
        wrong.append("django_db(transaction=True)")
    if wrong:
        pytest.fail(REAL_COMMITS.format(", ".join(wrong)), pytrace=False)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker) -> Iterator[None]:
    """The database of this process, copied from the migrated template (tests/postgres.py)."""
    settings = connection.settings_dict
    with copy_of_template(settings) as copy:
        settings["NAME"] = copy
        yield
        with django_db_blocker.unblock():
            connections.close_all()


@pytest.fixture(scope="module")
def module_db(django_db_setup: None, django_db_blocker) -> Iterator[ModuleRows]:
    """For rows that a module makes once; each test may change them, and the next finds them unchanged.

        @pytest.fixture(scope="module")
        def world(module_db: ModuleRows) -> World:
            with module_db():
                return World()

    The rows stand in a transaction that is rolled back after the module; each test with `db` is a savepoint in it. What
    a test changes on the Python objects themselves stays changed: change rows by QuerySets, or read the objects again.
    """

    @contextlib.contextmanager
    def writing() -> Iterator[None]:
        with django_db_blocker.unblock():
            yield
            # Once, now: otherwise each test would check all deferred constraints of these rows before its rollback.
            connection.check_constraints()

    transacted = transaction.atomic()
    with django_db_blocker.unblock():
        transacted.__enter__()
    yield writing
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        transacted.__exit__(None, None, None)


@pytest.fixture(scope="session")
def new_database(django_db_setup: None, django_db_blocker) -> Callable[..., AbstractContextManager[str]]:
    """`with new_database() as url`: a copy of the migrated template, dropped after; `new_database(NAME)` names it.

    Django's default connection, in every thread, and `DATABASE_URL` point at it in the block.
    """

    @contextlib.contextmanager
    def new(name: str = "") -> Iterator[str]:
        settings = connection.settings_dict
        before, url = settings["NAME"], os.environ["DATABASE_URL"]
        with django_db_blocker.unblock():
            connections.close_all()
            with copy_of_template(settings, name) as copy:
                settings["NAME"] = copy
                os.environ["DATABASE_URL"] = url_of(settings)
                try:
                    yield os.environ["DATABASE_URL"]
                finally:
                    connections.close_all()
                    settings["NAME"], os.environ["DATABASE_URL"] = before, url

    return new


@pytest.fixture
def committed_db(request: pytest.FixtureRequest, new_database) -> Iterator[str]:
    """A database of the test's own, where commits are real; gives its `DATABASE_URL` for child processes.

    For tests of concurrency, of killed processes and of the browser.
    """
    if connection.in_atomic_block or "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        pytest.fail("committed_db stands alone: no `db`, no django_db marker, no `module_db`.", pytrace=False)
    with new_database() as url:
        yield url


@pytest.fixture
def plain_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 404 without its page, for tests that ask for hundreds of addresses and read the status only."""
    monkeypatch.setattr(urls, "handler404", lambda _request, **_why: HttpResponseNotFound(), raising=False)
