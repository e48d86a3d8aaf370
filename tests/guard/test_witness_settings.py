"""Witnesses in the settings: each once, by a URL and a key that are exactly that, and never more needed than there
are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.guard.test_config import settings_of

from remit.guard.errors import SettingInvalid
from remit.guard.needs import room
from remit.journal.cosign import CosignatureSigner
from remit.journal.note import Signer

KEYS = [str(CosignatureSigner(f"w{one}.test/w", bytes(range(one, one + 32))).cosigner) for one in (1, 2)]


def named(*rows: tuple[str, str], more: str = "") -> str:
    """Settings with these witnesses."""
    return more + "".join(f'[[witnesses]]\nurl = "{url}"\nkey = "{key}"\n' for url, key in rows)


TWO = (("https://one.test/w/", KEYS[0]), ("http://127.0.0.1:8421", KEYS[1]))


def test_all_are_needed_where_nothing_is_said(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, named(*TWO, more='anchor_folder = "second"\n'))
    assert [one.url for one in settings.witnesses] == ["https://one.test/w", "http://127.0.0.1:8421"]
    assert [str(one.cosigner) for one in settings.witnesses] == KEYS
    assert (settings.witnesses_needed, settings.anchor_folder) == (2, tmp_path / "second")
    leaves = room(settings)
    assert {443, 8421} < set(leaves.ports) and tmp_path / "second" in leaves.write
    nothing = settings_of(tmp_path)
    assert (nothing.witnesses, nothing.witnesses_needed, nothing.anchor_folder) == ((), 0, None)


@pytest.mark.parametrize("needed", [0, 1, 2])
def test_fewer_can_be_needed(tmp_path: Path, needed: int) -> None:
    assert settings_of(tmp_path, named(*TWO, more=f"witnesses_needed = {needed}\n")).witnesses_needed == needed


@pytest.mark.parametrize(
    "toml",
    [
        named(*TWO, more="witnesses_needed = 3\n"),
        named(*TWO, more="witnesses_needed = -1\n"),
        named(more="witnesses_needed = 1\n"),
        named(TWO[0], TWO[0]),
        named(TWO[0], ("http://elsewhere.test", KEYS[0])),
        named(("ftp://one.test", KEYS[0])),
        named(("one.test", KEYS[0])),
        named(("http://", KEYS[0])),
        named(("http://one.test:0", KEYS[0])),
        named(("http://one.test:99999", KEYS[0])),
        named(("http://one.test/?a=b", KEYS[0])),
        named(("http://ann:secret@one.test", KEYS[0])),
        named(("http://one.test/a b", KEYS[0])),
        named(("http://one.test", str(Signer("w1.test/w", bytes(32)).verifier))),
        named(("http://one.test", KEYS[0][:-2])),
        '[[witnesses]]\nurl = "http://one.test"\n',
        f'[[witnesses]]\nurl = "http://one.test"\nkey = "{KEYS[0]}"\nname = "a"\n',
        'anchor_folder = ""\n',
    ],
)
def test_anything_else_is_refused(tmp_path: Path, toml: str) -> None:
    with pytest.raises(SettingInvalid):
        settings_of(tmp_path, toml)
