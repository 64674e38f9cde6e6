"""Read in the tickets that were there before 0014, and make the index.

While people work: a thousand tickets at a time, each in a transaction of its own, then the index in one go. What
breaks off is begun again where it stopped.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

AT_A_TIME = 1_000
NEXT = sa.text("select id from tickets where id > :after order by id limit :at_a_time")
#: Whoever writes on one of them meanwhile is waited for, or waits.
READ_IN = sa.text(
    """insert into ticket_words (id, district_id, number, words)
    select id, district_id, number, ticket_all_words(tickets) from tickets where id = any(:ids)
    on conflict (id) do nothing"""
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        after = "00000000-0000-0000-0000-000000000000"
        while ids := list(op.get_bind().scalars(NEXT, {"after": after, "at_a_time": AT_A_TIME})):
            op.get_bind().execute(READ_IN, {"ids": ids})
            after = ids[-1]
        op.drop_index("ix_ticket_words_words", "ticket_words", if_exists=True, postgresql_concurrently=True)
        # Without the waiting list of new words, which every search would read through and some writer would have
        # to clear.
        op.create_index(
            "ix_ticket_words_words",
            "ticket_words",
            ["words"],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            postgresql_concurrently=True,
        )
        # What the code before searches by: it finds the same without, only slower, until it is gone.
        op.drop_index("ix_tickets_folded", "tickets", if_exists=True, postgresql_concurrently=True)
