"""The web server's way in: `gunicorn wsgi:app`."""

from app.core.egress import shut_other_doors
from app.factory import create_app

app = create_app()
shut_other_doors()
