"""Role `app` seals anew what lies beside the audit log, which it could remove and add before."""

from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.execute("grant update (values_sealed) on audit_personal to app")
