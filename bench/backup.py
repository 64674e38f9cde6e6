"""`make bench-backup`: a district is backed up, checked, and restored on another server: seconds, memory, octets.

`python -m bench.backup [tickets] --photos N [--bucket]`: each ticket has ten replies; each photo is a file of 300 kB
and a preview of 20 kB, in a folder or in a bucket (moto's, in a process of its own). What is told is the
command's own; PostgreSQL and the bucket work beside it, on the same cores.
"""

import argparse
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import select

from app.core import storage
from app.core.db import db, uuid7
from app.core.directory import district_by_slug
from app.core.loading import load
from app.core.tenancy import as_district
from app.factory import create_app
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.ticket import Ticket
from bench.database import durable
from bench.serving import free_port
from bench.settled import settled_in
from tests import storage_server
from tests.storage_server import BUCKET

PHOTO, PREVIEW = 300_000, 20_000
AT_ONCE = 500
OTHER_BUCKET = "frontoffice-restored"


def main() -> int:
    """Fill, back up, check, restore, print."""
    order = argparse.ArgumentParser(prog="bench.backup")
    order.add_argument("tickets", nargs="?", type=int, default=5_000)
    order.add_argument("--photos", type=int, default=2_000)
    order.add_argument("--bucket", action="store_true")
    asked = order.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fo-backup-"))
    folder.chmod(0o711)  # PostgreSQL's keeper passes through
    try:
        with ExitStack() as stack:
            here = stack.enter_context(durable(folder / "here"))
            there = stack.enter_context(durable(folder / "there"))
            if asked.bucket:
                server = stack.enter_context(storage_server.running(free_port(), folder / "bucket.log"))
                place = {"LocationConstraint": storage_server.REGION}
                server.client().create_bucket(Bucket=OTHER_BUCKET, CreateBucketConfiguration=place)
                here |= server.settings
                there |= {**server.settings, "FRONTOFFICE_S3_BUCKET": OTHER_BUCKET}
                assert here["FRONTOFFICE_S3_BUCKET"] == BUCKET
            _fill(here, asked.tickets, asked.photos)
            backups = folder / "backups"
            print(f"{'':<10}{'seconds':>10}{'CPU':>10}{'memory MB':>12}")
            _tell("backup", here, "backup", "--to", str(backups))
            (made,) = backups.glob("20*")
            _tell("check", there, "restore", str(made), "--check")
            _tell("restore", there, "restore", str(made))
            octets = sum(path.stat().st_size for path in made.iterdir())
            print(f"{octets / 1e6:.0f} MB in {made.name}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _fill(environment: dict[str, str], tickets: int, photos: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "bench.fill", str(tickets)],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    with settled_in(environment), create_app().app_context():
        card = district_by_slug(f"bench-{tickets}")
        assert card is not None
        with as_district(card.id):
            their = list(db.session.scalars(select(Ticket.id).limit(AT_ONCE)))
            for first in range(0, photos, AT_ONCE):
                rows = [_photo(their[nth % len(their)]) for nth in range(first, min(first + AT_ONCE, photos))]
                load(Attachment, rows, source="the benchmark")
                db.session.commit()


def _photo(ticket_id: object) -> dict[str, object]:
    id = uuid7()
    whole = storage.put(["attachments", id], secrets.token_bytes(PHOTO), "image/jpeg")
    small = storage.put(["attachments", f"{id}.small"], secrets.token_bytes(PREVIEW), "image/jpeg")
    return {
        "id": id,
        "ticket_id": ticket_id,
        "name": "photo.jpg",
        "content_type": "image/jpeg",
        "sha256": whole.sha256,
        "size": whole.size,
        "storage_key": whole.key,
        "thumbnail_key": small.key,
        "thumbnail_size": small.size,
    }


#: A small process that runs the command: Linux counts the memory of whoever started a process as that process's own.
WEIGH = """
import resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(code)
"""


def _tell(what: str, environment: Mapping[str, str], *words: str) -> None:
    """Run a command of the operator; seconds by the clock, its own of the processor, its largest memory."""
    order = [sys.executable, "-I", "-c", WEIGH, sys.executable, "-m", "flask", "--app", "wsgi", *words]
    done = subprocess.run(order, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{done.stdout}{done.stderr}")
    *said, weighed = done.stdout.splitlines()
    seconds, spent, memory = map(float, weighed.split())
    counted = next(line for line in said if "rows" in line)
    print(f"{what:<10}{seconds:>10.1f}{spent:>10.1f}{memory:>12.0f}  {counted}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
