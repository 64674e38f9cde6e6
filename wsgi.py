"""The web server's way in: `gunicorn wsgi:app`."""

import gc

from app.core.egress import shut_other_doors
from app.factory import create_app

app = create_app()
shut_other_doors()

# What was made so far stays for good: the collector need not look at it again in the middle of a page.
gc.collect()
gc.freeze()
