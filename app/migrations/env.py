"""Alembic's entry: online only, as role `owner`, on the connection that app/migrations/run.py hands over."""

from alembic import context

from app.core.db import Base
from app.rooms import every_model_is_known

every_model_is_known()

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=False,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
