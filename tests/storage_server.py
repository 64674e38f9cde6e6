"""An S3 service on loopback that others wrote: moto's. It checks who asks, so a wrong signature gets no answer."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

BUCKET = "frontoffice-files"
REGION = "us-west-2"
#: Whoever asks this often may do so unknown: to make a user, a key, and what that key may do.
UNASKED = 3
ALL_OF_S3 = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@dataclass(frozen=True)
class StorageServer:
    """Where it is, and the one key that it knows."""

    port: int
    key_id: str
    secret: str

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """What an operator would set to use it."""
        return {
            "FRONTOFFICE_STORAGE": "s3",
            "FRONTOFFICE_S3_ENDPOINT": f"http://{self.at}",
            "FRONTOFFICE_S3_BUCKET": BUCKET,
            "FRONTOFFICE_S3_REGION": REGION,
            "FRONTOFFICE_S3_KEY_ID": self.key_id,
            "FRONTOFFICE_S3_SECRET": self.secret,
            "FRONTOFFICE_EGRESS_PRIVATE_ALLOWED": self.at,
        }

    def client(self) -> Any:
        """Amazon's own client, to see what lies there."""
        return _client("s3", self.port, self.key_id, self.secret)

    def empty(self) -> None:
        client = self.client()
        for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            client.delete_object(Bucket=BUCKET, Key=one["Key"])


@contextmanager
def running(port: int, log: Path) -> Iterator[StorageServer]:
    with log.open("wb") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env=_plain(os.environ) | {"INITIAL_NO_AUTH_ACTION_COUNT": str(UNASKED)},
            stdout=words,
            stderr=words,
        )
    try:
        key = _first_key(port, log)
        server = StorageServer(port, key["AccessKeyId"], key["SecretAccessKey"])
        server.client().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _first_key(port: int, log: Path) -> Mapping[str, str]:
    client, until = _client("iam", port, "nobody", "yet"), time.monotonic() + 30
    while True:
        try:
            client.create_user(UserName="frontoffice")
            break
        except EndpointConnectionError:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
    key: Mapping[str, str] = client.create_access_key(UserName="frontoffice")["AccessKey"]
    client.put_user_policy(UserName="frontoffice", PolicyName="files", PolicyDocument=json.dumps(ALL_OF_S3))
    return key


def _client(service: str, port: int, key_id: str, secret: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0, "mode": "standard"}, proxies={}),
    )


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith(("AWS_", "FRONTOFFICE_"))}
