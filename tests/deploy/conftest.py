"""The files of deploy/ run as they are shipped, on loopback: the users, umask and command of the units, the environment
file, nginx and Caddy in front.

Only folders, ports and the certificate are replaced (`Deployment.moved`, `_nginx`, `_caddy`). No systemd runs, so the
sandboxes of the units are not tried. Needs root, to act for other users: `make test-deploy`.
"""

import configparser
import contextlib
import http.client
import os
import pwd
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from django.conf import settings

from config import environment_file
from tests.serving import free_port

ROOT = Path(__file__).resolve().parents[2]
HOST = "totem.example.org"
CADDY_OF_TODAY = ROOT / ".venv" / "caddy" / "bin" / "caddy"
PROXIES = {"nginx": "www-data", "caddy": "caddy", "caddy of today": "caddy"}


def acting_as(user: str, *, read_all: bool = False) -> list[str]:
    """A command's beginning that runs the rest as that user; `read_all`: a checkout under /root can be read still."""
    capability = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"] if read_all else []
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", *capability]


def wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _attempt in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        assert process.poll() is None, "it ended: see its output"
        Event().wait(0.1)
    raise AssertionError(f"nothing listens on port {port}")


class Deployment:
    """/etc/totem and /srv/totem in a folder of their own, and what was started for them."""

    def __init__(self, database_url: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="totem-deploy-"))
        self.folder.chmod(0o711)
        self.port = free_port()
        self._started: list[subprocess.Popen[bytes]] = []
        self.data = self._made("srv/totem", "totem", 0o711)
        self.settings = self._made("etc/totem", "root", 0o750)
        values = {"DATABASE_URL": database_url, "TOTEM_SMTP_HOST": "127.0.0.1", "TOTEM_SMTP_PORT": str(free_port())}
        values |= {"TOTEM_PORT": str(self.port), "TOTEM_WORKERS": "2", "TOTEM_LOG_LEVEL": "WARNING"}
        example = (ROOT / "deploy/totem.env.example").read_text()
        lines = [line for line in example.splitlines() if line.partition("=")[0] not in values]
        self.env_file = self.settings / "totem.env"
        self.env_file.write_text("\n".join([self.moved("\n".join(lines)), *map("=".join, values.items()), ""]))
        # The key of the tests, so that a session made here is valid there.
        (self.settings / "secret-key").write_text(settings.SECRET_KEY)
        for path in (self.settings, self.env_file, self.settings / "secret-key"):
            shutil.chown(path, "root", "totem")
            path.chmod(0o750 if path.is_dir() else 0o640)
        self.certificate, self.key = self.folder / "fullchain.pem", self.folder / "privkey.pem"
        self.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
                 "-out", self.certificate, "-keyout", self.key)  # fmt: skip

    def moved(self, text: str) -> str:
        """A file of deploy/ with the folders and the port of this deployment."""
        for shipped, here in (
            ("/etc/letsencrypt/live/totem.example.org", self.folder),
            ("/etc/totem", self.settings),
            ("/srv/totem", self.data),
            ("127.0.0.1:8000", f"127.0.0.1:{self.port}"),
        ):
            text = text.replace(shipped, str(here))
        return text

    def run(self, *command: object, **options) -> str:
        """The output of a command, which has to succeed."""
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def totem(self, *arguments: str) -> str:
        """A command typed in a shell, as deploy/totem runs it."""
        command = [*acting_as("totem", read_all=True), sys.executable, "-m", "config.cli", "--env", self.env_file]
        return self.run(*command, *arguments, cwd=ROOT, env={"PATH": os.environ["PATH"]}, umask=0o077)

    def start_unit(self, name: str) -> "subprocess.Popen[bytes]":
        """The service of deploy/NAME.service: its user, umask, environment and command."""
        unit = configparser.ConfigParser(interpolation=None, strict=False)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read(ROOT / "deploy" / f"{name}.service")
        service = unit["Service"]
        program, *arguments = shlex.split(service["ExecStart"])
        assert (program, service["Group"]) == ("/opt/totem/.venv/bin/totem", "totem")
        command = [*acting_as(service["User"], read_all=True), sys.executable, "-m", "config.cli", *arguments]
        file = Path(self.moved(service["EnvironmentFile"]))
        env = {"PATH": os.environ["PATH"], "HOME": "/", **environment_file.parse(file.read_text())}
        return self.start(*command, cwd=ROOT, env=env, umask=int(service["UMask"], 8))

    def start(self, *command: object, **options) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, start_new_session=True, **options)
        self._started.append(process)
        return process

    def stop(self) -> None:
        for process in reversed(self._started):
            process.terminate()
        for process in self._started:
            process.wait(timeout=60)
        shutil.rmtree(self.folder)

    def _made(self, name: str, owner: str, mode: int) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True)
        folder.parent.chmod(0o755)
        shutil.chown(folder, owner, owner)
        folder.chmod(mode)
        return folder


class Proxy:
    """A reverse proxy of deploy/ that listens on free ports; `upstream` replaces the port of the web processes."""

    def __init__(self, kind: str, deployment: Deployment, upstream: int | None = None) -> None:
        self.user, self.plain, self.port = PROXIES[kind], free_port(), free_port()
        self.folder = Path(tempfile.mkdtemp(dir=deployment.folder))
        shutil.chown(self.folder, self.user)
        self._trusted = ssl.create_default_context(cafile=deployment.certificate)
        start = _nginx if kind == "nginx" else _caddy
        self.process = start(self, kind, deployment, f"127.0.0.1:{upstream or deployment.port}")
        wait_until_open(self.port, self.process)

    def connect(self) -> ssl.SSLSocket:
        return self._trusted.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 30), server_hostname=HOST)

    def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, str, dict[str, str]]:
        """Status, body and headers of the answer to a request over HTTPS."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(http.client.HTTPSConnection(HOST)) as connection:
            connection.sock = self.connect()
            connection.request(method, path, body or None, given)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace"), dict(answer.getheaders())


def _nginx(proxy: Proxy, kind: str, deployment: Deployment, upstream: str) -> "subprocess.Popen[bytes]":
    site = deployment.moved((ROOT / "deploy/nginx.conf.example").read_text())
    for shipped, here in (
        ("listen 80;", f"listen 127.0.0.1:{proxy.plain};"),
        ("listen 443 ", f"listen 127.0.0.1:{proxy.port} "),
        ("listen [::]:80;", ""),
        ("listen [::]:443 ssl http2;", ""),
        (f"127.0.0.1:{deployment.port}", upstream),
    ):
        assert shipped in site
        site = site.replace(shipped, here)
    (proxy.folder / "site").write_text(site)
    main = Path("/etc/nginx/nginx.conf").read_text().replace("/etc/nginx/sites-enabled/*", str(proxy.folder / "site"))
    main = main.replace("/run/nginx.pid", f"{proxy.folder}/pid").replace("/var/log/nginx/", f"{proxy.folder}/")
    configuration = proxy.folder / "nginx.conf"
    configuration.write_text(main)
    deployment.run("nginx", "-t", "-c", configuration)
    return deployment.start("nginx", "-c", configuration, "-g", "daemon off;")


def _caddy(proxy: Proxy, kind: str, deployment: Deployment, upstream: str) -> "subprocess.Popen[bytes]":
    shipped = ROOT / "deploy/Caddyfile.example"
    program, as_caddy = "/usr/bin/caddy", [*acting_as(proxy.user), "env", f"HOME={proxy.folder}"]
    if kind == "caddy of today":
        program = shutil.copy(CADDY_OF_TODAY, proxy.folder)  # readable to its user
    deployment.run(
        *as_caddy, program, "validate", "--adapter=caddyfile", "--config", shutil.copy(shipped, proxy.folder)
    )
    certificate, key = (shutil.copy(path, proxy.folder) for path in (deployment.certificate, deployment.key))
    shutil.chown(key, proxy.user)
    ports = f"\thttp_port {proxy.plain}\n\thttps_port {proxy.port}\n\tdefault_bind 127.0.0.1\n\tadmin off\n"
    text = deployment.moved(shipped.read_text()).replace(f"127.0.0.1:{deployment.port}", upstream)
    text = text.replace("{\n\tservers {", f"{{\n{ports}\tservers {{").replace(
        f"{HOST} {{", f"{HOST} {{\n\ttls {certificate} {key}"
    )
    configuration = proxy.folder / "Caddyfile"
    configuration.write_text(text)
    with (proxy.folder / "log").open("wb") as log:
        command = [*as_caddy, program, "run", "--adapter=caddyfile", f"--config={configuration}"]
        return deployment.start(*command, stderr=log)


@pytest.fixture(scope="session")
def deployment(new_database: Callable[..., contextlib.AbstractContextManager[str]]) -> Iterator[Deployment]:
    """Migrated by a command in a shell, then served by totem-web.service and totem-worker.service."""
    with new_database() as url:
        deployment = Deployment(url)
        try:
            deployment.migrated = deployment.totem("migrate")
            web = deployment.start_unit("totem-web")
            deployment.worker = deployment.start_unit("totem-worker")
            wait_until_open(deployment.port, web)
            yield deployment
        finally:
            deployment.stop()


@pytest.fixture(scope="session", params=PROXIES)
def proxy(request: pytest.FixtureRequest, deployment: Deployment) -> Proxy:
    """Each reverse proxy of deploy/ in front of the web processes."""
    return Proxy(request.param, deployment)
