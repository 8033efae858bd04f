"""The environment file beside systemd's own parser, which is in a library that every Debian with systemd has."""

import ctypes
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config.environment_file import parse
from tests.deploy.conftest import ROOT

LIBRARY = next(Path("/usr/lib").glob("*/systemd/libsystemd-shared-*.so"), None)
PIECES = [
    "A",
    "B_1",
    "=",
    "\n",
    " ",
    "\t",
    "'",
    '"',
    "\\",
    "#",
    ";",
    "$",
    "`",
    "é",
    "<",
    "x y",
    "\r",
    "export ",
    "\nA=",
]


def read_by_systemd(text: str, file: Path) -> dict[str, str]:
    """`EnvironmentFile=`: the file is parsed, and what is no valid variable is dropped."""
    file.write_bytes(text.encode())
    systemd = ctypes.CDLL(str(LIBRARY))
    systemd.strv_env_clean_with_callback.argtypes = [ctypes.c_void_p] * 3
    found = ctypes.POINTER(ctypes.c_char_p)()
    assert systemd.load_env_file(None, str(file).encode(), ctypes.byref(found)) >= 0
    systemd.strv_env_clean_with_callback(found, None, None)
    values: dict[str, str] = {}
    while found and (line := found[len(values)]) is not None:
        name, _equals, value = line.decode().partition("=")
        values[name] = value
    return values


@pytest.mark.skipif(LIBRARY is None, reason="systemd is not installed")
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_a_file_is_read_as_systemd_reads_it(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    comments = [line for line in text.replace("\r", "\n").split("\n") if line.strip()[:1] in {"#", ";"}]
    assume(not any("\\" in line for line in comments))  # systemd changed its mind there
    assert parse(text) == read_by_systemd(text, tmp_path_factory.getbasetemp() / "totem.env")


@pytest.mark.skipif(LIBRARY is None, reason="systemd is not installed")
def test_the_shipped_example_is_read_as_systemd_reads_it(tmp_path: Path) -> None:
    example = (ROOT / "deploy/totem.env.example").read_text()
    assert parse(example) == read_by_systemd(example, tmp_path / "totem.env")
