"""create_app(): a table of contents. Start reading here."""

from flask import Flask

from app.core.db import db
from app.core.settings import Settings, get_settings, use_settings
from app.rooms import ROOMS, every_model_is_known


def create_app(settings: Settings | None = None) -> Flask:
    """The application: configuration, database, the hall, the rooms."""
    if settings is not None:
        use_settings(settings)
    settings = get_settings()
    app = Flask("app", static_folder=None, instance_path=str(settings.instance.absolute()))
    app.config.update(
        SECRET_KEY=settings.cookie_secret,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": 8,
            "max_overflow": 8,
            "pool_pre_ping": True,
            "pool_recycle": 1800,
        },
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=settings.max_file_bytes * settings.max_files + 1_000_000,
        MAX_FORM_MEMORY_SIZE=1_000_000,
        MAX_FORM_PARTS=500,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    every_model_is_known()
    db.init_app(app)
    open_the_hall(app)
    for room in ROOMS:
        app.register_blueprint(room.blueprint())
    app.extensions["rooms"] = ROOMS
    if settings.demo:
        from app.demo.accounts import DEMO_ACCOUNTS

        app.extensions["demo_accounts"] = DEMO_ACCOUNTS
    return app


def open_the_hall(app: Flask) -> None:
    """What every view uses, in the order in which a request meets it."""
    from importlib import import_module
    from importlib.util import find_spec

    for name in (
        "district",
        "sessions",
        "guard",
        "errors",
        "headers",
        "assets",
        "filters",
        "components",
        "page",
        "drafts",
        "health",
        "gallery",
    ):
        if find_spec(f"app.web.{name}"):
            install = getattr(import_module(f"app.web.{name}"), "install", None)
            if install:
                install(app)
