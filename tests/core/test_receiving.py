"""Slow senders: the web processes of `totem serve`, without a reverse proxy in front."""

import http.client
import re
import socket
from contextlib import closing
from pathlib import Path

from tests.serving import Site

SLOW_SENDERS = 60
LANGUAGE = "/compte/langue/"


class Browser:
    """One connection, and the cookie that forms of the site need."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        answer, page = self.ask("GET", "/compte/connexion/")
        self.headers = {
            "Cookie": (answer.getheader("Set-Cookie") or "").partition(";")[0],
            "Content-Type": "application/x-www-form-urlencoded",
        }
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert found is not None, page
        self.token = found[1].encode()

    def ask(self, method: str, path: str = LANGUAGE, **sent) -> tuple[http.client.HTTPResponse, str]:
        self.connection.request(method, path, **sent)
        answer = self.connection.getresponse()
        return answer, answer.read().decode()


def test_slow_senders_hold_no_thread_and_whole_requests_are_read_as_before(committed_db: str, tmp_path: Path) -> None:
    site = Site("--no-worker", "--workers", "1", data=tmp_path, database_url=committed_db)
    port = int(site.url.rpartition(":")[2])
    try:
        browser = Browser(port)
        form = b"csrfmiddlewaretoken=" + browser.token + b"&language=en&next=/lieux/"
        lines = [f"POST {LANGUAGE} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(form)}"]
        lines += [f"{name}: {value}" for name, value in browser.headers.items()]
        begun = "\r\n".join([*lines, "Connection: close", "", ""]).encode() + form[:-1]
        slow = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(SLOW_SENDERS)]
        for sender in slow:
            sender.sendall(begun)

        # On one kept connection: small, larger than what is held in memory, in chunks, and too large.
        for body in (form, b"x=" + b"a" * 2_000_000 + b"&" + form):
            answer, page = browser.ask("POST", body=body, headers=browser.headers)
            assert (answer.status, answer.getheader("Location")) == (302, "/lieux/"), page
        answer, _page = browser.ask("POST", body=iter([form, form]), headers=browser.headers, encode_chunked=True)
        assert answer.status == 403  # Django reads no body without a length
        answer, _page = browser.ask("POST", headers={**browser.headers, "Content-Length": str(10**9)})
        assert answer.status == 413

        for sender in slow:
            with closing(sender):
                sender.sendall(form[-1:])
                assert sender.recv(64).startswith(b"HTTP/1.1 302 ")
    finally:
        assert site.stop() == 0, site.output
