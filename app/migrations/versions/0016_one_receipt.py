"""A ticket is acknowledged once: receipts are written by work of their own, and the database says so too.

While people work, and begun again if it breaks off.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

RISKS = {"messages: adds a constraint": "harmless: the code before writes one receipt a ticket as well."}

NAME = "uq_messages_receipt"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(NAME, "messages", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            NAME,
            "messages",
            ["district_id", "about_id"],
            unique=True,
            postgresql_where=sa.text("kind = 'ticket_received'"),
            postgresql_concurrently=True,
        )
