"""What only the guard's user may change, and what somebody laid in its way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from remit.guard.errors import OpenToOthers
from remit.guard.private import check_settings, make_private, write_private


@pytest.mark.parametrize("laid", ["file", "link", "hard link", "nothing"])
def test_a_private_file_is_not_what_somebody_laid_there(laid: str, tmp_path: Path) -> None:
    path, fresh, theirs = tmp_path / "operator.token", tmp_path / "operator.token.new", tmp_path / "theirs"
    theirs.write_text("before")
    theirs.chmod(0o666)
    if laid == "file":
        fresh.write_text("an open file")
        fresh.chmod(0o666)
    elif laid == "link":
        fresh.symlink_to(theirs)
    elif laid == "hard link":
        os.link(theirs, fresh)
    write_private(path, "secret")
    assert path.read_text() == "secret" and path.stat().st_mode & 0o777 == 0o600 and not path.is_symlink()
    assert theirs.read_text() == "before" and not fresh.exists()


@pytest.mark.parametrize(("mode", "well"), [(0o600, True), (0o644, True), (0o664, False), (0o606, False)])
def test_settings_that_others_may_write_are_refused(mode: int, well: bool, tmp_path: Path) -> None:
    path = tmp_path / "remit.toml"
    check_settings(path)  # none need be there
    path.touch()
    path.chmod(mode)
    if well:
        check_settings(path)
        return
    with pytest.raises(OpenToOthers, match="can be written by others") as refused:
        check_settings(path)
    assert "chmod go-w" in refused.value.fix


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_settings_of_somebody_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "remit.toml"
    path.touch()
    os.chown(path, 12_345, 12_345)
    check_settings(path, {12_345})
    with pytest.raises(OpenToOthers, match="belongs to user 12345"):
        check_settings(path)


@pytest.mark.parametrize(("mode", "alone", "shared"), [
    (0o700, True, True), (0o711, False, True), (0o755, False, True), (0o770, False, False), (0o777, False, False),
])  # fmt: skip
def test_a_folder_that_others_may_change_is_never_private(
    mode: int, alone: bool, shared: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    folder.chmod(mode)
    for is_shared, well in ((False, alone), (True, shared)):
        if well:
            make_private(folder, shared=is_shared)
        else:
            with pytest.raises(OpenToOthers, match="is no private folder"):
                make_private(folder, shared=is_shared)
