"""What only a service on the network can do to us: refuse, be busy, be gone, give back something else."""

import hashlib
import io
import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from flask import Flask

from app.core import bucket, egress, settings, storage
from app.core.files import FileAltered
from app.core.services import FILE_STORAGE, hosts_in_use
from app.core.settings import SettingsRefused, read_settings
from app.core.tenancy import enter_district
from tests import storage_server
from tests.core.test_storage import ENOUGH, MAPLE
from tests.loopback import free_port
from tests.storage_server import BUCKET, StorageServer

Use = Callable[..., None]
KEY = f"{MAPLE}/mail/1"


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageServer]:
    with storage_server.running(free_port(), tmp_path_factory.mktemp("s3") / "log") as server:
        yield server


@pytest.fixture(autouse=True)
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Within Maple; call it with what the operator sets."""
    before = settings._settings
    monkeypatch.setattr(bucket, "PAUSES", (0.0, 0.0))

    def use(server: StorageServer, **changed: str) -> None:
        given = ENOUGH | {"FRONTOFFICE_INSTANCE": str(tmp_path)} | server.settings
        settings.use_settings(
            read_settings(given | {f"FRONTOFFICE_{name}": value for name, value in changed.items()})
        )

    with Flask("bucket").app_context():
        enter_district(MAPLE)
        yield use
    bucket._wire.cache_clear()
    settings.use_settings(before)


@pytest.fixture
def server(_server: StorageServer, use: Use) -> Iterator[StorageServer]:
    use(_server)
    yield _server
    _server.empty()


# --- a service that does what it should -------------------------------------------------------------------


def test_amazons_own_client_finds_what_was_put(server: StorageServer) -> None:
    stored = storage.put(("mail", "1"), b"From: bell@maple.example\n\nHello", "message/rfc822")

    found = server.client().get_object(Bucket=BUCKET, Key=stored.key)

    assert found["Body"].read() == b"From: bell@maple.example\n\nHello"
    assert found["ContentType"] == "message/rfc822"
    assert found["Metadata"] == {"sha256": stored.sha256}


def test_the_services_own_encryption_is_asked_for_where_the_operator_says_so(
    server: StorageServer, use: Use
) -> None:
    use(server, S3_ENCRYPTION="aws:kms")

    storage.put(("mail", "1"), b"x", "message/rfc822")

    assert server.client().head_object(Bucket=BUCKET, Key=KEY)["ServerSideEncryption"] == "aws:kms"


def test_a_file_larger_than_the_memory_for_it_passes_through(server: StorageServer) -> None:
    data = os.urandom(bucket.IN_MEMORY * 2 + 1)

    stored = storage.put(("attachments", "film"), io.BytesIO(data), "video/mp4")

    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    with storage.open(stored.key) as file:
        assert file.read() == data


def test_a_long_list_is_asked_for_page_by_page(
    server: StorageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "AT_ONCE", 2)
    put = [storage.put(("mail", str(number)), b"", "text/plain").key for number in range(5)]

    assert list(storage.keys("mail")) == put


def test_what_another_wrote_under_the_key_is_not_handed_out(server: StorageServer) -> None:
    storage.put(("mail", "1"), b"what was said", "message/rfc822")
    server.client().put_object(
        Bucket=BUCKET, Key=KEY, Body=b"what was not", Metadata={"sha256": hashlib.sha256(b"?").hexdigest()}
    )

    with pytest.raises(FileAltered, match="no longer as it was stored"):
        storage.open(KEY)


def test_a_wrong_secret_is_refused_and_nothing_of_it_is_told(
    server: StorageServer, use: Use, caplog: pytest.LogCaptureFixture
) -> None:
    use(server, S3_SECRET="hush-hush-hush")

    with pytest.raises(storage.StorageAway, match="try again in a few minutes"):
        storage.put(("mail", "1"), b"x", "message/rfc822")

    assert "SignatureDoesNotMatch" in caplog.text
    assert "hush" not in caplog.text
    assert str(MAPLE) not in caplog.text
    use(server)
    assert list(storage.keys()) == []


def test_a_bucket_that_is_not_there_is_not_a_missing_file(server: StorageServer, use: Use) -> None:
    use(server, S3_BUCKET="another-bucket")

    with pytest.raises(storage.StorageAway):
        storage.open(KEY)


def test_a_write_that_breaks_off_asks_nothing_of_the_service(server: StorageServer) -> None:
    class BreaksOff(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.put(("mail", "1"), BreaksOff(), "message/rfc822")
    assert list(storage.keys()) == []


# --- one that does not ------------------------------------------------------------------------------------


def fault(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()


@dataclass
class Asked:
    method: str
    host: str
    path: str
    body: bytes


@dataclass
class Script:
    """A service that answers as it is told, the last answer again and again."""

    port: int = 0
    answers: list[tuple[int, bytes, int]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def says(self, *answers: tuple[int, bytes], promised: int = 0) -> None:
        """Status and body of each; `promised`: how many bytes more it claims to send."""
        self.answers = [(status, body, promised) for status, body in answers]

    def server(self) -> StorageServer:
        return StorageServer(self.port, "key", "secret")


@pytest.fixture
def script(use: Use) -> Iterator[Script]:
    script = Script()

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            script.asked.append(Asked(self.command, self.headers["Host"], self.path, body))
            status, said, promised = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(said) + promised))
            self.end_headers()
            self.wfile.write(said)
            self.close_connection = promised > 0

        do_GET = do_PUT = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    script.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    use(script.server())
    yield script
    bucket._wire(os.getpid()).close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_busy_service_is_asked_again_with_the_whole_file(script: Script) -> None:
    script.says((503, fault("SlowDown")), (500, b"oops"), (200, b""))

    storage.put(("mail", "1"), io.BytesIO(b"a" * 600_000), "message/rfc822")

    assert [len(one.body) for one in script.asked] == [600_000] * 3


@pytest.mark.parametrize(
    ("status", "body", "raised", "times"),
    [
        (503, fault("SlowDown"), storage.StorageAway, 3),
        (400, fault("RequestTimeout"), storage.StorageAway, 3),
        (403, fault("AccessDenied"), storage.StorageAway, 1),
        (301, b"", storage.StorageAway, 1),
        (404, fault("NoSuchBucket"), storage.StorageAway, 1),
        (507, b"", storage.StorageFull, 1),
        (403, fault("QuotaExceeded"), storage.StorageFull, 1),
    ],
)
def test_every_refusal_is_a_sentence(
    script: Script, status: int, body: bytes, raised: type[Exception], times: int
) -> None:
    script.says((status, body))

    with pytest.raises(raised):
        storage.put(("mail", "1"), b"x", "message/rfc822")
    assert len(script.asked) == times


def test_half_a_file_is_no_file(script: Script) -> None:
    script.says((200, b"half"), promised=4)

    with pytest.raises(storage.StorageAway):
        storage.open(KEY)
    assert len(script.asked) == 3


def test_a_service_that_is_gone_is_a_sentence(use: Use) -> None:
    use(StorageServer(free_port(), "key", "secret"))

    with pytest.raises(storage.StorageAway):
        storage.open(KEY)


def test_a_silent_service_is_not_waited_for(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "SILENCE", 0.1)
    bucket._wire.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use(StorageServer(silent.getsockname()[1], "key", "secret"))

        with pytest.raises(storage.StorageAway):
            storage.open(KEY)


def test_a_list_that_is_no_list_is_a_sentence(script: Script) -> None:
    script.says((200, b"<html>sign in to the wifi"))

    with pytest.raises(storage.StorageAway):
        list(storage.keys())


def test_the_buckets_name_may_stand_before_the_host(
    script: Script, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "_look_up", lambda *_: [ipaddress.ip_address("127.0.0.1")])
    named = f"files.s3.example.org:{script.port}"
    script.says((200, b""))
    use(
        script.server(),
        S3_ENDPOINT=f"http://s3.example.org:{script.port}",
        S3_BUCKET="files",
        S3_ADDRESSING="host",
        EGRESS_PRIVATE_ALLOWED=f"{named},s3.example.org:{script.port},127.0.0.1:{script.port}",
    )

    storage.put(("mail", "1"), b"x", "message/rfc822")

    assert [(one.method, one.host, one.path) for one in script.asked] == [("PUT", named, f"/{KEY}")]


# --- where it may be --------------------------------------------------------------------------------------


def test_it_is_called_by_the_registry_alone(server: StorageServer, use: Use) -> None:
    assert hosts_in_use(FILE_STORAGE) == ("127.0.0.1",)

    use(server, STORAGE="local")

    assert hosts_in_use(FILE_STORAGE) == ()


def test_a_private_address_is_refused_unless_the_operator_allows_it(
    script: Script, use: Use, caplog: pytest.LogCaptureFixture
) -> None:
    use(
        script.server(),
        S3_ENDPOINT=f"https://127.0.0.1:{script.port}",
        EGRESS_PRIVATE_ALLOWED="127.0.0.1:1",
    )

    with pytest.raises(storage.StorageAway):
        storage.put(("mail", "1"), b"x", "message/rfc822")

    assert script.asked == []
    assert "inside a private network" in caplog.text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"S3_ENDPOINT": ""}, "FRONTOFFICE_S3_ENDPOINT is missing: the address of the storage service"),
        ({"S3_BUCKET": ""}, "FRONTOFFICE_S3_BUCKET is missing"),
        ({"S3_KEY_ID": ""}, "FRONTOFFICE_S3_KEY_ID is missing"),
        ({"S3_SECRET": ""}, "FRONTOFFICE_S3_SECRET is missing"),
        ({"S3_BUCKET": "Files of Maple"}, "FRONTOFFICE_S3_BUCKET cannot be used: give 3 to 63"),
        ({"S3_ENDPOINT": "https://s3.example.org/files"}, "FRONTOFFICE_S3_ENDPOINT cannot be used"),
        ({"S3_ENDPOINT": "https://key:secret@s3.example.org"}, "FRONTOFFICE_S3_ENDPOINT cannot be used"),
        ({"S3_ENDPOINT": "http://s3.example.org"}, "plain http:// is for a private network alone"),
        ({"S3_ENCRYPTION": "rot13"}, "FRONTOFFICE_S3_ENCRYPTION cannot be used: say none or AES256"),
    ],
)
def test_settings_that_would_not_do_are_refused_at_the_start(
    use: Use, changed: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsRefused) as refused:
        use(StorageServer(1, "key", "secret"), **changed)
    assert sentence in str(refused.value)
    assert "secret@" not in str(refused.value)
