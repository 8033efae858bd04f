"""An installation of deploy/ as a whole: what its visitors see, what its proxies may read, what they let through."""

import contextlib
import http.client
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from tests.deploy.conftest import HOST, PROXIES, ROOT, Deployment, Proxy, acting_as
from tests.factories.hubs import TeamMemberFactory

SLOW_SENDERS = 60
UNITS = ("totem", "totem-web", "totem-worker")


def test_the_command_in_the_shell_is_about_the_database_of_the_units(deployment: Deployment) -> None:
    assert re.search(r"(?m)^totem: mode production, database totem_\w+ at /", deployment.migrated)
    assert deployment.worker.poll() is None


def test_the_home_page_is_served_over_https_and_asks_for_it(proxy: Proxy) -> None:
    status, page, headers = proxy.ask("/")
    assert (status, "<h1" in page, "Strict-Transport-Security" in headers) == (200, True, True)
    stylesheet = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert stylesheet is not None
    assert proxy.ask(stylesheet[1])[0] == 200
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=30)) as plain:
        plain.request("GET", "/lieux/", headers={"Host": HOST})
        answer = plain.getresponse()
        assert (answer.status in {301, 308}, answer.getheader("Location")) == (True, f"https://{HOST}/lieux/")


def test_certbot_can_prove_the_name_through_nginx(deployment: Deployment) -> None:
    nginx = Proxy("nginx", deployment)
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", nginx.plain, timeout=30)) as plain:
        plain.request("GET", "/.well-known/acme-challenge/token", headers={"Host": HOST})
        assert plain.getresponse().status == 404  # looked for as a file, not sent to HTTPS


@pytest.fixture(scope="module")
def photo(deployment: Deployment, django_db_blocker) -> str:
    """The address of a photo that a manager has uploaded through nginx."""
    nginx = Proxy("nginx", deployment)
    with django_db_blocker.unblock():
        member = TeamMemberFactory(role="manager")
        client = Client()
        client.force_login(member.person)
        page = reverse("hubs:photos", args=[member.hub.slug])
        session = f"sessionid={client.cookies['sessionid'].value}"
    image = BytesIO()
    Image.new("RGB", (300, 200), "orange").save(image, "JPEG")
    _status, form, headers = nginx.ask(page, Cookie=session)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert token is not None, form[:500]
    cookie = f"{session}; {headers['Set-Cookie'].partition(';')[0]}"
    parts = [f'name="csrfmiddlewaretoken"\r\n\r\n{token[1]}'.encode(), b'name="description"\r\n\r\nThe door']
    parts.append(b'name="image"; filename="door.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + image.getvalue())
    body = b"".join(b"--edge\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--edge--\r\n"
    kind = "multipart/form-data; boundary=edge"
    status, answer, _headers = nginx.ask(
        page, "POST", body, Cookie=cookie, Content_Type=kind, Referer=f"https://{HOST}/"
    )
    assert status == 302, answer[:500]
    found = re.search(r'src="(/media/[^"]+)"', nginx.ask(page, Cookie=session)[1])
    assert found is not None
    return found[1]


def test_an_uploaded_photo_is_shown_by_the_proxy(photo: str, proxy: Proxy) -> None:
    status, _body, headers = proxy.ask(photo)
    headers = {name.lower(): value for name, value in headers.items()}
    assert (status, headers["content-type"], headers["x-content-type-options"]) == (200, "image/webp", "nosniff")
    assert "sandbox" in headers["content-security-policy"]
    for path in ("/media/../secret-key", "/media/%2e%2e/static/staticfiles.json", "/media/", "/media/hubs/"):
        assert proxy.ask(path)[0] in {400, 403, 404}, path


@pytest.mark.parametrize("user", sorted(set(PROXIES.values())))
def test_the_user_of_the_proxy_reads_photos_and_nothing_else(photo: str, deployment: Deployment, user: str) -> None:
    files = [path for folder in (deployment.data, deployment.settings) for path in folder.rglob("*") if path.is_file()]
    assert {"totem.env", "secret-key", "staticfiles.json"} <= {path.name for path in files}
    script = 'for file; do if [ -r "$file" ]; then echo "$file"; fi; done'
    readable = deployment.run(*acting_as(user), "sh", "-c", script, "sh", *files).split()
    assert readable == [str(deployment.data / photo.strip("/"))]


class _Echo(BaseHTTPRequestHandler):
    """Keeps the headers of each request that reaches it whole."""

    seen: list[dict[str, str]] = []

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if len(self.rfile.read(length)) < length:
            return
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_words: object) -> None:
        pass


@contextlib.contextmanager
def echo() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", PROXIES)
def test_what_a_client_says_of_itself_is_dropped_and_a_heavy_body_refused(kind: str, deployment: Deployment) -> None:
    with echo() as port:
        proxy = Proxy(kind, deployment, upstream=port)
        _Echo.seen.clear()
        proxy.ask("/", X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="http", X_Forwarded_Host="evil.example")
        (seen,) = _Echo.seen
        assert (seen["x-forwarded-for"], seen["x-forwarded-proto"], seen["host"]) == ("127.0.0.1", "https", HOST)
        with contextlib.closing(proxy.connect()) as sender:
            sender.sendall(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 40000000\r\n\r\n".encode())
            with contextlib.suppress(OSError):
                sender.sendall(bytes(40_000_000))
            assert sender.recv(12) in {b"HTTP/1.1 413", b"HTTP/1.1 502"}  # Caddy 2.6 says 502
        assert _Echo.seen == [seen]


def test_sixty_slow_bodies_do_not_stop_the_site(proxy: Proxy) -> None:
    begun = f"POST /compte/langue/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\na=".encode()
    with contextlib.ExitStack() as senders:
        for _ in range(SLOW_SENDERS):
            senders.enter_context(contextlib.closing(proxy.connect())).sendall(begun)
        assert proxy.ask("/")[0] == 200


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for name in UNITS:
        shipped = (ROOT / "deploy" / f"{name}.service").read_text()
        (tmp_path / f"{name}.service").write_text(
            shipped.replace("/opt/totem/.venv/bin/totem", "/bin/true").replace("/opt/totem", "/")
        )
    verified = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.iterdir()], capture_output=True, text=True, check=False
    )
    assert [line for line in verified.stderr.splitlines() if "totem" in line] == []


def test_setup_takes_a_python_that_the_service_can_run(tmp_path: Path) -> None:
    # pytest's folders are closed to other users.
    closed = Path(shutil.copy(Path("/usr/bin/python3").resolve(), tmp_path / "python3"))
    command = ["sh", "scripts/setup.sh", "python"]
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert subprocess.check_output(command, cwd=ROOT, env=env, text=True).strip() == "/usr/bin/python3"
    only = subprocess.run(
        command, cwd=ROOT, env={**env, "PYTHON": str(closed)}, capture_output=True, text=True, check=True
    )
    assert only.stdout.strip() == str(closed)
    assert "only root can run" in only.stderr
