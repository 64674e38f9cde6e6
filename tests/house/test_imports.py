"""What a fresh process has in memory after start: no vendor's library, and none that only a rare page needs."""

import subprocess
import sys

LATE = {
    "twilio",
    "googleapiclient",
    "google.oauth2",
    "boto3",
    "alembic",
    "PIL",
    "pillow_heif",
    "openai",
    "typst",
}


def test_no_vendor_library_is_in_memory_after_start(app):
    ask = "import sys; from app.factory import create_app; create_app(); print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60
    )

    assert LATE & set(loaded.stdout.split()) == set()
