"""A bucket of S3, or of a store that speaks it, as the place of an export: every object under Object Lock."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeVar

from remit.export.errors import ExportConflict, ExportRefused, ExportUnreachable
from remit.export.sink import conflict
from remit.journal.tiles import BUNDLE_BYTES_MAX, CHECKPOINT, WIDTH, bundle_path

Mode = Literal["COMPLIANCE", "GOVERNANCE"]
_ADDRESS = re.compile("s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.ASCII)
_PARTIAL = re.compile(r"\.p/([1-9][0-9]{0,2})", re.ASCII)
_TAKEN = ("PreconditionFailed", "412")
_GONE = ("NoSuchKey", "404")
HEADS_MAX = 256
"""How many versions of the head are looked at where the newest one says less than the bucket holds."""
PAGES_MAX = 1000
"""How many pages of a listing are read, of a thousand versions each."""
T = TypeVar("T")


class Retention(NamedTuple):
    """For how many days from its writing each object is held, and whether anybody may end that early (GOVERNANCE)."""

    days: int
    mode: Mode = "COMPLIANCE"


class Bucket:
    """A bucket and a prefix in it, given as `s3://bucket/prefix`. Credentials, region and endpoint are boto3's own.

    Without `retention` the bucket's own default rule holds what is written. ExportRefused where the bucket has no
    Object Lock, or nothing would hold what is written, unless it is for `reading` alone; ExportUnreachable.
    """

    def __init__(self, address: str, retention: Retention | None, client: Any = None, *, reading: bool = False) -> None:
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise ExportRefused(f"{address!r} is no bucket", "Write s3://BUCKET or s3://BUCKET/PREFIX")
        if retention is not None and retention.days < 1:
            raise ExportRefused("what is held for less than a day is not held", "Give at least one day")
        self._bucket = found[1]
        self._prefix = f"{found[2].strip('/')}/" if (found[2] or "").strip("/") else ""
        self._retention = retention
        self._client = _client() if client is None else client
        self._held = False
        """Whether the store has said that what this process wrote is under retention."""
        if not reading:
            self._check_lock()

    @property
    def name(self) -> str:
        """The bucket and the prefix."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def read(self, path: str) -> bytes | None:
        """The bytes of an object; None where there is none."""
        return self._asked(partial(self._get, Key=self._prefix + path), absent=_GONE)

    def earlier(self, size: int) -> Iterator[bytes]:
        """The last HEADS_MAX versions of the checkpoint, newest first, where there is more than a head of that size
        needs. A delete marker hides none of them."""
        if not self._is_beyond(size):
            return
        key = self._prefix + CHECKPOINT
        for row in islice((row for row in self._versions(key) if row["Key"] == key), HEADS_MAX):
            yield self._asked(partial(self._get, Key=key, VersionId=row["VersionId"])) or b""

    def _is_beyond(self, size: int) -> bool:
        """Whether there is a bundle, or was one, that only a larger head needs. Such a head needs the bundle that the
        next entry stands in, whole or wider than it is now."""
        index, width = divmod(size, WIDTH)
        path = self._prefix + bundle_path(index)
        tails = (row["Key"].removeprefix(path) for row in self._versions(path))
        return any(not tail or ((found := _PARTIAL.fullmatch(tail)) and int(found[1]) > width) for tail in tails)

    def _versions(self, prefix: str) -> Iterator[dict[str, Any]]:
        """Each version of the keys that begin so, key by key and the newest first; delete markers are none."""
        more: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            ask = partial(self._client.list_object_versions, Bucket=self._bucket, Prefix=prefix, **more)
            listed = self._asked(ask) or {}
            yield from listed.get("Versions", ())
            if not listed.get("IsTruncated"):
                return
            more = {"KeyMarker": listed["NextKeyMarker"], "VersionIdMarker": listed["NextVersionIdMarker"]}
        raise ExportUnreachable(f"{self.name} lists versions of {prefix} without end", "See what lies there")

    def _get(self, **of: Any) -> bytes:
        found: bytes = self._client.get_object(Bucket=self._bucket, **of)["Body"].read(BUNDLE_BYTES_MAX + 1)
        if len(found) > BUNDLE_BYTES_MAX:
            what = f"{of['Key']} in {self.name} is larger than any file of an export"
            raise ExportConflict(what, "Keep it as evidence")
        return found

    def write(self, path: str, data: bytes) -> None:
        """Keep an object that never changes. ExportConflict where other bytes stand there."""
        stored = self._asked(lambda: self._put(path, data, "application/octet-stream", IfNoneMatch="*"), absent=_TAKEN)
        if stored is None and self.read(path) != data:
            raise conflict(self.name, path)

    def head(self, note: str) -> None:
        """Put the checkpoint as a new version; the ones before stay as long as they are held."""
        put = self._asked(lambda: self._put(CHECKPOINT, note.encode(), "text/plain; charset=utf-8"))
        if not self._held and put is not None:
            self._check_held(put.get("VersionId"))
            self._held = True

    def _put(self, path: str, data: bytes, media: str, **more: Any) -> dict[str, Any]:
        if self._retention is not None:
            until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=self._retention.days)
            more |= {"ObjectLockMode": self._retention.mode, "ObjectLockRetainUntilDate": until}
        key = self._prefix + path
        # With a retention the store wants a checksum of the body, and compares it on its side.
        stored: dict[str, Any] = self._client.put_object(
            Bucket=self._bucket, Key=key, Body=data, ContentType=media, ChecksumAlgorithm="SHA256", **more
        )
        return stored

    def _check_lock(self) -> None:
        found = self._asked(
            lambda: self._client.get_object_lock_configuration(Bucket=self._bucket)["ObjectLockConfiguration"],
            absent=("ObjectLockConfigurationNotFoundError",),
        )
        if found is None or found.get("ObjectLockEnabled") != "Enabled":
            raise ExportRefused(f"{self._bucket} has no Object Lock", "Make a bucket with Object Lock enabled")
        if self._retention is None and not found.get("Rule", {}).get("DefaultRetention"):
            raise ExportRefused(
                f"{self._bucket} has no default retention, so nothing would hold what is written",
                "Say for how long: --retain-days, or give the bucket a default",
            )

    def _check_held(self, version: str | None) -> None:
        """Ask once whether what was written is really held: a store may take the words and do nothing."""
        key = {"Bucket": self._bucket, "Key": self._prefix + CHECKPOINT}
        if version is not None:
            key["VersionId"] = version
        found = self._asked(lambda: self._client.head_object(**key))
        if found is None or "ObjectLockRetainUntilDate" not in found:
            raise ExportRefused(f"{self._bucket} took the head and does not hold it", "Use a store with Object Lock")

    def _asked(self, ask: Callable[[], T], absent: tuple[str, ...] = ()) -> T | None:
        """Return what the store says; None for an error of these codes. ExportUnreachable for every other."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return ask()
        except ClientError as fault:
            code = fault.response.get("Error", {}).get("Code", "")
            if code in absent:
                return None
            raise ExportUnreachable(f"{self.name}: {fault}", "Check the bucket and what this key may do") from None
        except BotoCoreError as fault:
            raise ExportUnreachable(f"{self.name}: {fault}", "Check the address and the credentials") from None


def _client() -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise ExportRefused("a bucket needs the extra s3", "pip install 'remit[s3]'") from None
    limits = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 3, "mode": "standard"})
    return boto3.client("s3", config=limits)
