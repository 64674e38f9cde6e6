"""create_app(): a table of contents. Start reading here."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from app import cli
from app.core.db import connect_options, db, try_out_what_rested
from app.core.settings import Settings, get_settings, use_settings
from app.demo.accounts import DEMO_ACCOUNTS
from app.rooms import ROOMS, every_model_is_known
from app.web import (
    assets,
    components,
    district,
    errors,
    filters,
    gallery,
    guard,
    headers,
    health,
    metrics,
    page,
    proxies,
    request_line,
    sessions,
)

#: In the order in which a request meets them.
THE_HALL = (
    proxies,
    district,
    request_line,
    sessions,
    guard,
    errors,
    headers,
    assets,
    filters,
    components,
    page,
    health,
    metrics,
)


class House(Flask):
    """Flask, told that nothing here is a coroutine: it would ask that of each function with each request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """The application: configuration, database, the hall, the rooms."""
    if settings is not None:
        use_settings(settings)
    settings = get_settings()
    app = House("app", static_folder=None, instance_path=str(settings.instance.absolute()))
    configure(app, settings)
    every_model_is_known()
    db.init_app(app)
    with app.app_context():
        try_out_what_rested(db.engine)
    for part in THE_HALL:
        part.install(app)
    for room in ROOMS:
        app.register_blueprint(room.blueprint())
    app.extensions["rooms"] = ROOMS
    cli.install(app)
    if settings.demo:
        gallery.install(app)
        app.extensions["demo_accounts"] = DEMO_ACCOUNTS
    return app


def configure(app: Flask, settings: Settings) -> None:
    """What Flask and its extensions want to know."""
    app.config.update(
        SECRET_KEY=settings.cookie_secret,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": 8,
            "max_overflow": 8,
            "pool_recycle": 1800,
            # A fault must not quote what was being written.
            "hide_parameters": True,
            "connect_args": connect_options(settings.database_pooled),
        },
        # A tab stays open all day; the session's life bounds its token.
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=settings.max_file_bytes * settings.max_files + 1_000_000,
        MAX_FORM_MEMORY_SIZE=1_000_000,
        MAX_FORM_PARTS=500,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
