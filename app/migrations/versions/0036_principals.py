"""Principals: a role that is held at a school."""

from alembic import op

revision = "0036"
down_revision = "0035"

GRANTS = "role in ('requester','technician','lead','admin','school_office','counselor','attendance_clerk','principal')"
GROUPS = "role in ('technician','lead','admin','school_office','counselor','attendance_clerk','principal')"
RISKS = {
    "role_grants: adds a constraint": "harmless: it allows one role more than before.",
    "directory_groups: adds a constraint": "harmless: it allows one role more than before.",
}


def upgrade() -> None:
    op.drop_constraint("role", "role_grants", type_="check")
    op.create_check_constraint("role", "role_grants", GRANTS)
    op.drop_constraint("role", "directory_groups", type_="check")
    op.create_check_constraint("role", "directory_groups", GROUPS)
