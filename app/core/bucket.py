"""Files in a bucket that speaks S3, whoever runs it. Signatures are botocore's, the wire is core.egress.

An object is put by one request that names its hash, so the service keeps all of it or nothing. It is read
whole and compared with that hash before a byte of it is handed on. Every request can be repeated without
harm, so one that fails in passing is: three times at most.
"""

import errno
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, TypeVar, cast
from urllib.parse import urlencode
from xml.etree import ElementTree

from app.core.egress import Answer, CallFailed, Client, OutsideRefused, http_client
from app.core.files import CHUNK, FileAltered, FileMissing, StorageAway, StorageFull, StoredFile
from app.core.services import FILE_STORAGE
from app.core.settings import Settings

#: Seconds that the service may be silent, and that one request may take.
SILENCE: Final = 15.0
LONGEST: Final = 120.0
LARGEST_OBJECT: Final = 1024**3
#: What a file holds in memory on its way; a larger one goes through an unnamed file of the temporary folder.
IN_MEMORY: Final = 4 * 1024 * 1024
PAUSES: Final = (0.2, 1.0)
AT_ONCE: Final = 1000

#: Answers of a service that is busy. Its own words for it are in the error's code.
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
_PASSING_CODES: Final = frozenset({"RequestTimeout", "SlowDown", "InternalError", "OperationAborted"})
_FULL_CODES: Final = frozenset(
    {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "NotEnoughSpace"}
)
_HASH: Final = "x-amz-meta-sha256"
_NOTHING: Final = hashlib.sha256(b"").hexdigest()

T = TypeVar("T")

log = logging.getLogger(__name__)


class _Passing(Exception):
    """Something that another try may not meet."""


class Bucket:
    """One bucket, as the settings name it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def put(self, key: str, stream: BinaryIO, content_type: str) -> StoredFile:
        """Take the stream to its end, then put it by one request. The object of before stays until then."""
        with _spool() as body:
            size, sha256 = _copy(iter(lambda: stream.read(CHUNK), b""), body)
            headers = {"Content-Type": content_type, "Content-Length": str(size), _HASH: sha256}
            if self._settings.s3_encryption != "none":
                headers["x-amz-server-side-encryption"] = self._settings.s3_encryption
            self._ask("PUT", f"/{key}", Answer.read, headers=headers, body=body, sha256=sha256)
        return StoredFile(key, size, sha256)

    def open(self, key: str) -> BinaryIO:
        """The whole file, fetched and found to be what was put."""
        return self._ask("GET", f"/{key}", _whole)

    def delete(self, key: str) -> None:
        """Remove the object. One that is gone already is fine."""
        try:
            self._ask("DELETE", f"/{key}", Answer.read)
        except FileMissing:
            return

    def keys(self, folder: str) -> Iterator[str]:
        """The keys below a folder, in the order of their letters, asked for a thousand at a time."""
        after = ""
        while True:
            asked = {"list-type": 2, "max-keys": AT_ONCE, "prefix": f"{folder}/", "start-after": after}
            found, more = self._ask("GET", f"/?{urlencode(sorted(asked.items()))}", _listed)
            yield from found
            if not more or not found:
                return
            after = found[-1]

    def _ask(
        self,
        method: str,
        path: str,
        take: Callable[[Answer], T],
        *,
        headers: Mapping[str, str] | None = None,
        body: BinaryIO | None = None,
        sha256: str = _NOTHING,
    ) -> T:
        """What `take` makes of the answer. Raises FileMissing, FileAltered, StorageFull, StorageAway."""
        until = time.monotonic() + LONGEST
        for pause in (*PAUSES, None):
            try:
                return self._ask_once(method, path, take, dict(headers or {}), body, sha256)
            except (_Passing, CallFailed) as fault:
                log.warning("file storage: %s failed: %s", method, str(fault) or type(fault).__name__)
                if pause is None or time.monotonic() + pause > until:
                    raise StorageAway from fault
                time.sleep(pause)
            except OutsideRefused as refused:
                log.error("file storage: %s refused: %s", method, refused)
                raise StorageAway from refused
        raise AssertionError("unreachable")  # pragma: no cover

    def _ask_once(
        self,
        method: str,
        path: str,
        take: Callable[[Answer], T],
        headers: dict[str, str],
        body: BinaryIO | None,
        sha256: str,
    ) -> T:
        signed = _signed(self._settings, method, self._settings.s3_address + path, headers, sha256)
        client = _wire(os.getpid())
        content = _from_the_start(body) if body else None
        request = client.build_request(
            method, self._settings.s3_address + path, headers=signed, content=content
        )
        answer = client.send(request, stream=True)
        try:
            if answer.is_success:
                return take(answer)
            answer.read()
            code = _code(answer)
        finally:
            answer.close()
        if answer.status_code == 404 and code in {"", "NoSuchKey"}:
            raise FileMissing
        if answer.status_code == 507 or code in _FULL_CODES:
            raise StorageFull
        if answer.status_code in _PASSING or code in _PASSING_CODES:
            raise _Passing(f"{answer.status_code} {code}")
        log.error("file storage: %s answered %s %s", method, answer.status_code, code)
        raise StorageAway


@lru_cache(maxsize=1)
def _wire(_process: int) -> Client:
    """One client a process: connections are kept, and none of them is shared over a fork."""
    return http_client(FILE_STORAGE, timeout=SILENCE, longest=LONGEST, largest=LARGEST_OBJECT)


def _signed(
    settings: Settings, method: str, address: str, headers: dict[str, str], sha256: str
) -> dict[str, str]:
    """The headers of a request with its signature, good for 15 minutes. The body is named by its hash."""
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method=method, url=address, headers=headers)
    credentials = Credentials(settings.s3_key_id, settings.s3_secret)
    _signer()(credentials, "s3", settings.s3_region, sha256).add_auth(request)
    return dict(request.headers.items())


@cache
def _signer() -> Callable[..., Any]:
    """Four tenths of a second of imports, which only who stores in a bucket spends."""
    from botocore.auth import S3SigV4Auth

    class Signer(S3SigV4Auth):
        """Has the body's hash already: it was taken while the body came in."""

        def __init__(self, credentials: Any, service: str, region: str, sha256: str) -> None:
            super().__init__(credentials, service, region)
            self._sha256 = sha256

        def payload(self, request: Any) -> str:
            return self._sha256

    return Signer


def _spool() -> BinaryIO:
    return cast(BinaryIO, SpooledTemporaryFile(max_size=IN_MEMORY))


def _copy(chunks: Iterator[bytes], file: BinaryIO) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    try:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StorageFull from error
        raise
    return size, digest.hexdigest()


def _from_the_start(body: BinaryIO) -> Iterator[bytes]:
    until = time.monotonic() + LONGEST
    body.seek(0)
    while chunk := body.read(CHUNK):
        if time.monotonic() > until:
            raise _Passing("it took the file too slowly")
        yield chunk


def _whole(answer: Answer) -> BinaryIO:
    file = _spool()
    try:
        _, sha256 = _copy(answer.iter_bytes(CHUNK), file)
        if answer.headers.get(_HASH, sha256) != sha256:
            log.error("file storage: an object is not what was put under its key")
            raise FileAltered
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _listed(answer: Answer) -> tuple[list[str], bool]:
    page = _xml(answer.read())
    if page is None:
        raise _Passing("a list that is no XML")
    found = [element.text or "" for element in page.iterfind("{*}Contents/{*}Key")]
    return found, page.findtext("{*}IsTruncated") == "true"


def _code(answer: Answer) -> str:
    """The service's own word for what is wrong; "" where it says none, as to a HEAD."""
    fault = _xml(answer.content)
    return (fault.findtext("{*}Code") or "")[:60] if fault is not None else ""


def _xml(text: bytes) -> ElementTree.Element | None:
    try:
        # From the operator's own service, bounded in size; expat (2.4.1 and newer) refuses what would swell.
        return ElementTree.fromstring(text)  # noqa: S314
    except ElementTree.ParseError:
        return None
