"""After a restore: receipts that were owed when the backup was made may have left since."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.core.db import changed_rows
from app.core.queue import Work


def hold_owed_receipts(across: Session, district_id: UUID) -> int:
    """Have them written as messages in doubt, which a person sends or leaves. How many they are."""
    owed = (
        update(Work)
        .where(
            Work.district_id == district_id,
            Work.job == "jobs.helpdesk.acknowledge",
            Work.failed_at.is_(None),
        )
        .values(job="jobs.helpdesk.acknowledge_in_doubt")
        .execution_options(synchronize_session=False)
    )
    return changed_rows(across.execute(owed))
