"""Many rows at once: one audit entry a batch instead of one a row."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from app.core import audit
from app.core.db import db, uuid7
from app.core.tenancy import DistrictOwned, current_district_id


def load(model: type[DistrictOwned], rows: Sequence[Mapping[str, Any]], *, source: str) -> None:
    """Insert plain rows of this district; the audit log says how many and where from. Not for sealed columns.

    Each row names the same columns. An id and the district are added where they are missing.
    """
    if not rows:
        return
    district_id = current_district_id()
    whole = [{"id": uuid7(), "district_id": district_id, **row} for row in rows]
    session = db.session()
    session.execute(insert(model), whole, execution_options={"render_nulls": True})
    audit.noted("loaded", str(model.__tablename__), rows=len(whole), source=source)  # type: ignore[attr-defined]
