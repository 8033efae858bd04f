"""The first installation of docs/operations.md in a bare Debian: its commands one by one, until one fails.

    debootstrap trixie FOLDER && python -m tests.deploy.walk FOLDER

As root, some minutes, through the package registries. What a chroot cannot have is replaced in `STUBS`: systemd (the
service is started as its unit says, a proxy's configuration is checked only), a certificate of an authority, an editor.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.serving import free_port

ROOT = Path(__file__).resolve().parents[2]
SECTION = re.compile(r"^## First installation\n(.*?)^## ", re.MULTILINE | re.DOTALL)
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PORT = free_port()
# What is filled in: no DATABASE_URL, for the embedded PostgreSQL, and a mail server that is not there.
FILL_IN = f"""sed -i -e s/totem.example.org/cantine.example.org/ -e /^DATABASE_URL=/d \\
  -e s/^TOTEM_SMTP_HOST=.*/TOTEM_SMTP_HOST=127.0.0.1/ -e s/^TOTEM_SMTP_PORT=.*/TOTEM_SMTP_PORT={free_port()}/ \\
  /etc/totem/totem.env
echo TOTEM_PORT={PORT} >> /etc/totem/totem.env
"""
SERVE = (
    "setsid runuser -u totem -- sh -c 'umask 077; exec /opt/totem/.venv/bin/totem serve' </dev/null >/serve.log 2>&1 &"
)
STUBS = {
    "/usr/sbin/policy-rc.d": "exit 101",
    "/usr/local/bin/systemctl": f"""case $* in
  'enable --now totem') {SERVE} ;;
  'reload caddy') caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile ;;
  'reload nginx') nginx -t ;;
esac""",
    "/usr/local/bin/certbot": """folder=/etc/letsencrypt/live/cantine.example.org
mkdir -p $folder
cd $folder
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=cantine.example.org -keyout privkey.pem -out fullchain.pem
""",
}
# Of the page's commands: where the code is taken from, a password that is typed, the one problem that doctor may find.
INSTEAD = {
    "ADDRESS": "/source",
    "createuser --pwprompt": "createuser",
    "totem doctor\n": "totem doctor | tee /doctor.log || [ $(grep -c ^WRONG /doctor.log) = 1 ]\n",
    "totem migrate\n": FILL_IN + "totem migrate\n",
    "runuser -u postgres -- createuser": "pg_ctlcluster 17 main start\nrunuser -u postgres -- createuser",
}
ASK = f"""for attempt in $(seq 120); do
  curl --fail --silent http://127.0.0.1:{PORT}/health/live && break
  sleep 1
done
path=$(sed 's#https://cantine.example.org##' /link)
curl --fail --silent --header 'Host: cantine.example.org' --header 'X-Forwarded-Proto: https' --dump-header - \\
  "http://127.0.0.1:{PORT}$path" | grep --ignore-case '^location: /compte/mot-de-passe/lien/'
ls -ln /srv /srv/totem /etc/totem
"""


def script() -> str:
    """The commands of the page in one shell script."""
    section = SECTION.search((ROOT / "docs/operations.md").read_text(encoding="utf-8"))
    assert section is not None
    text = "".join(re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL))
    for shipped, here in INSTEAD.items():
        assert shipped in text, f"the page says no longer {shipped!r}"
        text = text.replace(shipped, here)
    return re.sub(r"^(totem staff .*)$", r"\1 | tail -1 > /link; grep ^https: /link", text, flags=re.MULTILINE)


def main(folder: Path) -> int:
    """The exit status of the walk."""
    for place, content in STUBS.items():
        (folder / place[1:]).write_text(f"#!/bin/sh\n{content}\n")
        (folder / place[1:]).chmod(0o755)
    # How this machine reaches the package registries.
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
    shutil.copy(CERTIFICATES, folder / "certificates.crt")
    subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, folder / "source"], check=True)
    (folder / "walk.sh").write_text(f"set -eux\n{script()}apt-get install -y curl\n{ASK}")
    chroot = ["chroot", str(folder)]
    names = [name for name in os.environ if not name.startswith(("TOTEM_", "DATABASE_"))]
    env = {name: os.environ[name].replace(CERTIFICATES, "/certificates.crt") for name in names}
    env |= {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["mount", "--bind", "/proc", folder / "proc"], check=True)
    try:
        return subprocess.run([*chroot, "sh", "/walk.sh"], env=env, check=False).returncode
    finally:
        _stop_all_of(folder)
        subprocess.run(["umount", "--lazy", folder / "proc"], check=True)


def _stop_all_of(folder: Path) -> None:
    """End the services that were started in the chroot."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "root").readlink() == folder.resolve():
                os.kill(int(process.name), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
