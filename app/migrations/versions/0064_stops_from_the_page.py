"""Who says stop on the family page stops the number, as who answers STOP does."""

from alembic import op

revision = "0064"
down_revision = "0063"

RISKS = {"stopped_numbers: adds a constraint": "harmless: it takes all that the one before took."}


def upgrade() -> None:
    op.drop_constraint(op.f("ck_stopped_numbers_how"), "stopped_numbers", type_="check")
    op.create_check_constraint("how", "stopped_numbers", "how in ('text','twilio','page')")
