"""A role that an account holds, at one school or at all of them. Who gave it and when is the row itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at


class RoleGrant(DistrictOwned, Base):
    """One role of one account."""

    __tablename__ = "role_grants"
    __keeping__ = Keeping("staff", "as long as the account", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("account_id", "accounts"),
        points_at("school_id", "schools"),
        points_at("granted_by_id", "accounts"),
        UniqueConstraint(
            "district_id", "account_id", "role", "school_id", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint(
            "role in ('requester','technician','lead','admin','school_office','counselor','attendance_clerk',"
            "'principal')",
            name="role",
        ),
        CheckConstraint("role <> 'admin' or school_id is null", name="admin_of_all_schools"),
    )

    account_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    role: Mapped[str] = mapped_column(info=PUBLIC)
    #: Null: at all schools.
    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: Null: the system or an operator gave it.
    granted_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: A group of the directory gave it, and takes it again.
    from_directory: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
