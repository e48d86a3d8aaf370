"""Reach: nobody but this machine comes near the doors without TLS and a second factor."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.guard.config import FILE, load
from remit.guard.errors import SettingInvalid
from remit.guard.reach import Reach, address, reach

CERT, KEY = Path("/etc/remit/cert.pem"), Path("/etc/remit/key.pem")


@pytest.mark.parametrize(
    ("bind", "tls", "public_url", "second_factor", "expected"),
    [
        ("127.0.0.1:8420", False, None, None, ("http://localhost:8420", "optional")),
        ("[::1]:8420", False, None, "required", ("http://localhost:8420", "required")),
        ("localhost:80", True, None, "optional", ("https://localhost:80", "optional")),
        ("127.0.0.1:8420", False, "https://remit.example.org/", None, ("https://remit.example.org", "required")),
        ("127.0.0.1:8420", False, "https://desk.tailnet.ts.net:443", None, ("https://desk.tailnet.ts.net", "required")),
        ("0.0.0.0:443", True, None, None, ("https://0.0.0.0:443", "required")),
        ("[2001:db8::1]:8443", True, None, None, ("https://[2001:db8::1]:8443", "required")),
        (
            "192.0.2.7:8443",
            True,
            "https://remit.example.org:8443",
            None,
            ("https://remit.example.org:8443", "required"),
        ),
    ],
)
def test_what_follows_from_an_address(
    bind: str, tls: bool, public_url: str | None, second_factor: str | None, expected: tuple[str, str]
) -> None:
    found = reach(bind, CERT if tls else None, KEY if tls else None, public_url, second_factor)
    assert (found.public_url, found.second_factor) == expected


@pytest.mark.parametrize(
    ("bind", "tls", "public_url", "second_factor", "named"),
    [
        ("0.0.0.0:8420", False, None, None, "no loopback address and there is no TLS"),
        ("[::]:8420", False, None, None, "no loopback address and there is no TLS"),
        ("192.0.2.7:8420", False, "https://remit.example.org", None, "no loopback address and there is no TLS"),
        ("0.0.0.0:8420", True, None, "optional", "can be reached from elsewhere"),
        ("127.0.0.1:8420", False, "https://remit.example.org", "optional", "can be reached from elsewhere"),
        ("127.0.0.1:8420", False, None, "Required", "second_factor 'Required' is unknown"),
        ("127.0.0.1:8420", False, "http://remit.example.org", None, "is not https"),
        ("127.0.0.1:8420", False, "remit.example.org", None, "is no URL"),
        ("127.0.0.1:8420", False, "https://remit.example.org/desk", None, "is no URL"),
        ("127.0.0.1:8420", False, "https://ann:pw@remit.example.org", None, "is no URL"),
        ("127.0.0.1:8420", False, "https://[", None, "is no URL"),
        ("127.0.0.1", False, None, None, "is no HOST:PORT"),
        ("127.0.0.1:0", False, None, None, "is no HOST:PORT"),
        ("127.0.0.1:65536", False, None, None, "is no HOST:PORT"),
        ("example.org:8420", False, None, None, "names no address"),
        ("", False, None, None, "is no HOST:PORT"),
    ],
)
def test_what_is_refused(bind: str, tls: bool, public_url: str | None, second_factor: str | None, named: str) -> None:
    with pytest.raises(SettingInvalid, match=named.replace("(", r"\(")):
        reach(bind, CERT if tls else None, KEY if tls else None, public_url, second_factor)


def test_half_of_tls_is_none() -> None:
    with pytest.raises(SettingInvalid, match="belong together"):
        reach("127.0.0.1:8420", CERT, None, None, None)


def test_a_browser_on_the_machine_signs_in_under_a_name() -> None:
    near = reach("127.0.0.1:8420", None, None, None, None)
    assert (near.rp_id, near.origins) == ("localhost", ("http://localhost:8420",))
    far = reach("127.0.0.1:8420", None, None, "https://remit.example.org", None)
    assert (far.rp_id, far.origins) == ("remit.example.org", ("https://remit.example.org",))
    tunnel = reach("127.0.0.1:8420", None, None, "http://localhost:9000", None)
    assert tunnel.origins == ("http://localhost:8420", "http://localhost:9000")


def test_the_file_and_the_variables(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('bind = "0.0.0.0:8420"\ntls_cert = "cert.pem"\ntls_key = "/k.pem"\n')
    settings = load({"REMIT_HOME": str(tmp_path)})
    assert (settings.tls_cert, settings.tls_key) == (tmp_path / "cert.pem", Path("/k.pem"))
    assert settings.reach == Reach("0.0.0.0", 8420, True, "https://0.0.0.0:8420", "required")
    assert load({"REMIT_HOME": str(tmp_path), "REMIT_BIND": "127.0.0.1:9000"}).reach.port == 9000
    (tmp_path / FILE).write_text('bind = "0.0.0.0:8420"\n')
    with pytest.raises(SettingInvalid, match="there is no TLS"):
        load({"REMIT_HOME": str(tmp_path)})


@given(st.text(max_size=40), st.none() | st.text(max_size=40), st.none() | st.text(max_size=12))
def test_anything_is_taken_exactly_or_refused(bind: str, public_url: str | None, second_factor: str | None) -> None:
    try:
        found = reach(bind, None, None, public_url, second_factor)
    except SettingInvalid:
        return
    assert address(bind) == (found.host, found.port)
