"""Migrate, and compare the models with the database."""

from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool


def upgrade(database_owner_url: str, to: str = "head") -> None:
    """Bring the database up to `to`, as role `owner`."""
    from alembic import command

    with _configured(database_owner_url) as config:
        command.upgrade(config, to)


def differences(database_owner_url: str) -> list[Any]:
    """What the models say and the database does not, or the other way round. Empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from app.core.db import Base
    from app.rooms import every_model_is_known

    every_model_is_known()
    with create_engine(database_owner_url, poolclass=NullPool).connect() as connection:
        return list(
            compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata
            )
        )


class _configured:
    def __init__(self, url: str) -> None:
        self.engine = create_engine(url, poolclass=NullPool, hide_parameters=True)

    def __enter__(self) -> Any:
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        self.connection = self.engine.connect()
        config.attributes["connection"] = self.connection
        return config

    def __exit__(self, *_: object) -> None:
        self.connection.commit()
        self.connection.close()
