"""An application that tells what it was told: `gunicorn --config deploy/gunicorn.conf.py tests.deploy.echo:app`."""

from typing import Any

from flask import Flask, request

from app.web import proxies

app = Flask("echo")
proxies.install(app)


@app.get("/")
def echo() -> dict[str, Any]:
    return {"address": request.remote_addr, "host": request.host, "is_secure": request.is_secure}
