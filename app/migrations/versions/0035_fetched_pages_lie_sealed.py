"""What sources answered lies sealed, now that families may be among it; and students and families over the wire."""

from alembic import op

revision = "0035"
down_revision = "0034"

RISKS = {"roster_fetched_pages: renames": "no release yet"}
REMOVES_ROWS = {"roster_fetched_pages": "They lay open. A sync that was under way is asked for once more."}


def upgrade() -> None:
    op.execute("delete from roster_fetched_pages")
    op.execute(
        "update roster_imports set pages_fetched = 0, people_fetched = 0, records_received = 0, place = '{}'::jsonb, "
        "size = 0, file_size = 0 where state = 'fetching' and not only_changes"
    )
    op.execute(
        "update roster_imports set state = 'failed', ended_at = now(), size = 0, "
        "sentence = 'The answers were given up when FrontOffice was brought up to date. Ask once more.' "
        "where state = 'reading' and storage_key is null"
    )
    op.alter_column("roster_fetched_pages", "items", new_column_name="items_sealed")
