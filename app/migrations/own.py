"""What every table gets when it is made: the walls, and what each role may do."""

from alembic import op

HERE = "district_id = nullif(current_setting('app.district_id', true), '')::uuid"


def own(table: str, app: str = "select, insert, update, delete") -> None:
    """A district's table: forced row-level security, `app` inside its district, `owner` and `across` over all.

    FORCE would blind the owner's data migrations too, hence a policy of its own; nobody needs BYPASSRLS.
    """
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy this_district on {table} to app using ({HERE}) with check ({HERE})")
    op.execute(f"create policy all_districts on {table} to owner, across using (true) with check (true)")
    op.execute(f"grant {app} on {table} to app")
    op.execute(f"grant select, insert, update, delete on {table} to across")


def open_to(table: str, app: str = "select") -> None:
    """An unowned table of the directory: `app` reads it, `across` keeps it."""
    op.execute(f"grant {app} on {table} to app")
    op.execute(f"grant select, insert, update, delete on {table} to across")
