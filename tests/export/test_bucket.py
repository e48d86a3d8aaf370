"""A bucket under Object Lock: what is written is held, what is taken away or hidden is found, faults have names."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from tests.doors.cli.house import invoke
from tests.export.test_exporter import check, exporter_of, journal_in
from tests.journal.cases import SIGNER, filled

from remit.export.bucket import Bucket, Retention
from remit.export.errors import ExportConflict, ExportRefused, ExportUnreachable
from remit.export.exporter import head_of
from remit.journal.errors import JournalRolledBack

KEY = SIGNER.verifier
YEAR = Retention(365)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="worm", ObjectLockEnabledForBucket=True)
        client.create_bucket(Bucket="open")
        yield client


def keys(s3: Any) -> list[str]:
    return sorted(row["Key"] for row in s3.list_objects_v2(Bucket="worm").get("Contents", ()))


def test_every_object_is_held_and_a_stranger_can_check(s3: Any, tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "journal")
    bucket = Bucket("s3://worm/desk/1", YEAR)
    exporter = exporter_of(tmp_path / "journal", KEY, bucket)
    for size in (200, 100, 1):
        filled(journal, 1, size)
        exporter.advance()
        assert check(bucket.read, journal.size) == journal.size
    assert bucket.name == "s3://worm/desk/1" and keys(s3) == [
        f"desk/1/{path}" for path in (
            "checkpoint", "tile/0/000", "tile/0/000.p/200", "tile/0/001.p/44", "tile/0/001.p/45", "tile/1/000.p/1",
            "tile/entries/000", "tile/entries/000.p/200", "tile/entries/001.p/44", "tile/entries/001.p/45",
            "verifier.txt",
        )
    ]  # fmt: skip
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=364)
    for version in s3.list_object_versions(Bucket="worm")["Versions"]:
        told = {"Bucket": "worm", "Key": version["Key"], "VersionId": version["VersionId"]}
        found = s3.head_object(**told)
        assert found["ObjectLockMode"] == "COMPLIANCE" and found["ObjectLockRetainUntilDate"] > soon
        for more in ({}, {"BypassGovernanceRetention": True}):
            with pytest.raises(ClientError, match="AccessDenied"):
                s3.delete_object(**told, **more)
    heads = [row for row in s3.list_object_versions(Bucket="worm")["Versions"] if row["Key"] == "desk/1/checkpoint"]
    assert len(heads) == 3
    again = exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm/desk/1/", YEAR))
    filled(journal, 1, 300)
    again.advance()
    assert check(bucket.read, journal.size) == journal.size


def test_what_stands_there_with_other_bytes_is_found(s3: Any, tmp_path: Path) -> None:
    filled(journal_in(tmp_path / "journal"), 1, 300)
    s3.put_object(Bucket="worm", Key="tile/entries/000", Body=b"another's")
    with pytest.raises(ExportConflict, match="tile/entries/000"):
        exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", YEAR)).advance()


@pytest.mark.parametrize(
    ("by", "size"),
    [
        ("a marker", 300),
        ("an old head", 200),
        ("an old head", 256),
        ("many old heads", 300),
        ("a marker over everything", 300),
    ],
)
def test_a_head_that_was_hidden_is_still_the_one_that_counts(s3: Any, tmp_path: Path, by: str, size: int) -> None:
    journal = journal_in(tmp_path / "journal")
    filled(journal, 1, 100)
    exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", YEAR)).advance()
    old = s3.get_object(Bucket="worm", Key="checkpoint")["Body"].read()
    filled(journal, 1, size - 100)
    shutil.copytree(tmp_path / "journal", tmp_path / "cut")
    exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", YEAR)).advance()
    assert head_of(Bucket("s3://worm", YEAR), KEY) is not None
    if by == "a marker over everything":
        for key in keys(s3):
            s3.delete_object(Bucket="worm", Key=key)
    elif by == "a marker":
        s3.delete_object(Bucket="worm", Key="checkpoint")
    for number in range({"an old head": 1, "many old heads": 5}.get(by, 0)):
        s3.put_object(Bucket="worm", Key="checkpoint", Body=b"no head" if number == 1 else old)
    found = head_of(Bucket("s3://worm", None, reading=True), KEY)
    assert found is not None and found.size == size
    (segment,) = (tmp_path / "cut").glob("*.journal")
    lines = segment.read_bytes().splitlines(keepends=True)
    first = [number for number, line in enumerate(lines, 1) if line.startswith(b"c ")][1]
    segment.write_bytes(b"".join(lines[:first]))  # as it stood under the old head
    with pytest.raises((JournalRolledBack, ExportConflict)):
        exporter_of(tmp_path / "cut", KEY, Bucket("s3://worm", YEAR)).advance()
    if by != "a marker over everything":
        exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", YEAR)).advance()
        assert check(Bucket("s3://worm", YEAR).read, size) == size, "it stands there again"
        filled(journal, 1, 10)
        exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", YEAR)).advance()
        assert check(Bucket("s3://worm", YEAR).read, size + 10) == size + 10


def test_what_is_buried_under_old_heads_is_missed_in_the_journal(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remit.export.bucket.HEADS_MAX", 3)
    journal = journal_in(tmp_path / "journal")
    filled(journal, 1, 20)
    exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", YEAR)).advance()
    old = s3.get_object(Bucket="worm", Key="checkpoint")["Body"].read()
    shutil.copytree(tmp_path / "journal", tmp_path / "cut")
    filled(journal, 1, 20)
    exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", YEAR)).advance()
    for _ in range(4):
        s3.put_object(Bucket="worm", Key="checkpoint", Body=old)
    with pytest.raises(JournalRolledBack, match="ends at entry 20, and s3://worm holds entries after it"):
        exporter_of(tmp_path / "cut", KEY, Bucket("s3://worm", YEAR)).advance()
    exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", YEAR)).advance()
    assert check(Bucket("s3://worm", YEAR).read, 40) == 40


def test_what_a_store_says_without_end_is_not_read_to_the_end(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit.export.bucket.PAGES_MAX", 3)
    monkeypatch.setattr("remit.export.bucket.BUNDLE_BYTES_MAX", 100)

    class Endless:
        """A client whose store always has another page."""

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def list_object_versions(self, **asked: Any) -> Any:
            return {"IsTruncated": True, "NextKeyMarker": "a", "NextVersionIdMarker": "b"}

    with pytest.raises(ExportUnreachable, match="without end"):
        head_of(Bucket("s3://worm", YEAR, Endless()), KEY)
    s3.put_object(Bucket="worm", Key="checkpoint", Body=b"x" * 101)
    with pytest.raises(ExportConflict, match="larger than any file"):
        head_of(Bucket("s3://worm", YEAR), KEY)


def test_whoever_may_not_list_versions_is_told(s3: Any) -> None:
    class Blind:
        """A client that may not."""

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def list_object_versions(self, **asked: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectVersions")

    with pytest.raises(ExportUnreachable, match="AccessDenied"):
        head_of(Bucket("s3://worm", YEAR, Blind()), KEY)


def test_the_head_in_a_bucket_is_brought_along(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "verifier.txt").write_text(f"{KEY}\n")
    filled(journal_in(tmp_path / "journal"), 1)
    words = ("--home", str(tmp_path), "journal", "head", "s3://worm/desk", "--out", str(tmp_path / "kept.head"))
    assert "no head yet" in invoke(*words).stdout and not (tmp_path / "kept.head").exists()
    exported = exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm/desk", YEAR)).advance()
    found = invoke(*words)
    assert found.exit_code == 0 and exported is not None, found.stderr
    assert (tmp_path / "kept.head").read_text() == exported.note
    s3.put_object(Bucket="worm", Key="desk/checkpoint", Body=exported.note.replace("3\n", "4\n").encode())
    assert invoke(*words).stderr.startswith("export_conflict: ")


def test_the_default_of_the_bucket_holds_too(s3: Any, tmp_path: Path) -> None:
    filled(journal_in(tmp_path / "journal"), 1)
    with pytest.raises(ExportRefused, match="nothing would hold"):
        Bucket("s3://worm", None)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
    s3.put_object_lock_configuration(
        Bucket="worm", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", None)).advance()
    assert s3.head_object(Bucket="worm", Key="checkpoint")["ObjectLockMode"] == "COMPLIANCE"


def test_a_store_that_takes_the_words_and_holds_nothing_is_refused(s3: Any, tmp_path: Path) -> None:
    filled(journal_in(tmp_path / "journal"), 1)

    class Forgetful:
        """A client whose store drops the retention."""

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def put_object(self, ObjectLockMode: str, ObjectLockRetainUntilDate: object, **rest: Any) -> Any:
            return s3.put_object(**rest)

    with pytest.raises(ExportRefused, match="does not hold it"):
        exporter_of(tmp_path / "journal", KEY, Bucket("s3://worm", YEAR, Forgetful())).advance()


@pytest.mark.parametrize(
    ("address", "retention", "said"),
    [
        ("s3://open", YEAR, "no Object Lock"),
        ("s3://worm", None, "nothing would hold"),
        ("s3://worm", Retention(0), "less than a day"),
        ("s3://", YEAR, "is no bucket"),
        ("s3://W_orm/a", YEAR, "is no bucket"),
        ("https://worm/a", YEAR, "is no bucket"),
    ],
)
def test_what_cannot_hold_is_refused(s3: Any, address: str, retention: Retention | None, said: str) -> None:
    with pytest.raises(ExportRefused, match=said):
        Bucket(address, retention)


def test_a_store_out_of_reach_is_named(s3: Any) -> None:
    with pytest.raises(ExportUnreachable, match="NoSuchBucket"):
        Bucket("s3://absent", YEAR)

    class Away:
        def get_object_lock_configuration(self, **asked: Any) -> Any:
            raise EndpointConnectionError(endpoint_url="http://away")

    with pytest.raises(ExportUnreachable, match="http://away"):
        Bucket("s3://worm", YEAR, Away())
