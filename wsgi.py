"""The web server's way in: `gunicorn wsgi:app`."""

from app.factory import create_app

app = create_app()
