"""The web server's way in: `gunicorn wsgi:app`."""

import gc
import os

from app.core import logs
from app.core.egress import shut_other_doors
from app.factory import create_app

# `flask` comes in by this door too, for the operator's commands.
logs.set_up("command" if os.environ.get("FLASK_RUN_FROM_CLI") == "true" else "web")
app = create_app()
shut_other_doors()

# What was made so far stays for good: the collector need not look at it again in the middle of a page.
gc.collect()
gc.freeze()
