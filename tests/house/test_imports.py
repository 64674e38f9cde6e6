"""What a fresh process has in memory after start: no vendor's library, and none that only a rare page needs."""

import base64
import os
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
    "paramiko",
}
ASK = "import sys; from app.factory import create_app; create_app(); print(*sorted(sys.modules))"


def test_no_vendor_library_is_in_memory_after_start(tmp_path):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FRONTOFFICE_")},
        "FRONTOFFICE_DEMO": "yes",
        "FRONTOFFICE_INSTANCE": str(tmp_path),
        "FRONTOFFICE_DATABASE_URL": "postgresql://app@/nowhere",
        "FRONTOFFICE_MASTER_KEYS": "k:" + base64.b64encode(bytes(32)).decode(),
        "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True, timeout=60
    )

    assert LATE & set(done.stdout.split()) == set()
