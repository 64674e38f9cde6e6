"""The card on the door of the admin room."""

from app.admin.permissions import RULES, May
from app.admin.views import (
    audit,
    connections,
    contact,
    directory_groups,
    district,
    held_sign_ins,
    imports,
    keys,
    opening_day,
    operator_visits,
    overview,
    people,
    registrations,
    rooms,
    school_year_schools,
    school_years,
    schools,
    sealed_account,
    services,
    sign_in,
)
from app.core.room import MenuItem, Room

ROOM = Room(
    "admin",
    "Admin",
    doors=[
        overview,
        opening_day,
        people,
        held_sign_ins,
        imports,
        school_years,
        school_year_schools,
        schools,
        rooms,
        services,
        registrations,
        connections,
        directory_groups,
        contact,
        district,
        sign_in,
        sealed_account,
        operator_visits,
        keys,
        audit,
    ],
    menu=[
        MenuItem("Admin", "admin.overview_index", May.SEE_OVERVIEW, RULES, position=60),
        MenuItem("People", "admin.people_index", May.KEEP_PEOPLE, RULES, position=61),
        MenuItem("Schools", "admin.schools_index", May.KEEP_PLACES, RULES, position=62),
        MenuItem("Audit log", "admin.audit_index", May.SEE_AUDIT, RULES, position=75),
    ],
)
