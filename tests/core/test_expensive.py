"""What costs much keeps nobody waiting: health and pages answer while drawings are stuck, health whatever is."""

import threading
from collections import Counter
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import psycopg
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from tests.core.test_rendering import held_turns
from tests.serving import Site
from totem.core import expensive
from totem.core.expensive import BusyError, one_at_a_time
from totem.core.middleware import BusyMiddleware

MANY = 40


def asked(site: Site, path: str) -> HTTPConnection:
    """A request that was sent, and not answered yet."""
    connection = HTTPConnection(site.url.removeprefix("http://"), timeout=60)
    connection.request("GET", path, headers={"Connection": "close"})
    return connection


def answer(connection: HTTPConnection) -> HTTPResponse:
    with closing(connection):
        response = connection.getresponse()
        response.read()
        return response


def test_health_and_pages_never_wait_for_what_is_stuck(committed_db: str, tmp_path: Path, settings) -> None:
    site = Site("--no-worker", "--workers", "1", data=tmp_path, database_url=committed_db)
    try:
        forty_drawings_of_which_none_is_made(site, settings)
        forty_pages_that_wait_for_the_database(site, committed_db)
    finally:
        site.stop()


def forty_drawings_of_which_none_is_made(site: Site, settings) -> None:
    settings.DATA_DIR = site.data
    assert answer(asked(site, "/")).status == 200
    with held_turns():
        drawings = [asked(site, "/design/graphiques/bars-390.svg") for _ in range(MANY)]
        for path in ("/health/live", "/health/ready", "/"):
            assert answer(asked(site, path)).status == 200
        # One is begun and eleven wait without a thread; a worker is asked for those that are not accepted.
        queued = [answer(drawing) for drawing in drawings[12:]]
    assert {one.status for one in queued} == {202}
    assert {one.headers["Retry-After"] for one in queued} == {"3"}
    accepted = [answer(drawing).status for drawing in drawings[:12]]  # the first may have waited for too long
    assert set(accepted) <= {200, 202}


def forty_pages_that_wait_for_the_database(site: Site, committed_db: str) -> None:
    with psycopg.connect(committed_db) as locking:
        locking.execute("LOCK TABLE hubs_hub")
        pages = [asked(site, "/") for _ in range(MANY)]
        for path in ("/health/live", "/health/ready"):
            assert answer(asked(site, path)).status == 200
    assert Counter(answer(page).status for page in pages) == {200: MANY}


def test_one_works_one_waits_and_any_other_is_told_to_come_back() -> None:
    working, done, waited = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with one_at_a_time():
            working.set()
            done.wait(30)

    def wait() -> None:
        with one_at_a_time():
            waited.set()

    threads = [threading.Thread(target=work), threading.Thread(target=wait)]
    threads[0].start()
    working.wait(30)
    threads[1].start()
    while expensive._places._value:  # type: ignore[attr-defined]  # until the second one waits
        threads[1].join(0.01)
    with pytest.raises(BusyError), one_at_a_time():
        pass
    assert not waited.is_set()
    done.set()
    for thread in threads:
        thread.join(30)
    assert waited.is_set()


def test_who_is_refused_reads_why_in_a_page() -> None:
    middleware = BusyMiddleware(lambda _request: HttpResponse())
    request = RequestFactory().get("/", headers={"Accept-Language": "fr"})
    page = middleware.process_exception(request, BusyError())
    assert page is not None
    assert (page.status_code, page["Retry-After"]) == (503, "15")
    assert "<h1>Dans quelques secondes</h1>" in page.text
    assert middleware.process_exception(request, ValueError()) is None
