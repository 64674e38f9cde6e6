"""Whatever a OneRoster server writes into its answers, it becomes items that can be kept; or is left out."""

from datetime import date
from itertools import product
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.core import spool
from app.core.feed import FedGuardian, FedPerson, FedSchool, FedSomebody, FedStudent, LeftOut
from app.integrations.oneroster.keys import Bearer
from app.integrations.oneroster.people import People
from app.integrations.oneroster.rest import Asking, At

ADDRESS, DAY = "https://sis.maple.example/v1p2", date(2026, 11, 26)
ASKING = [
    Asking(ADDRESS, "v1p2", Bearer("token"), DAY, People(families, roles_apart=True))
    for families in (False, True)
]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
anything = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(max_size=3), scalars, max_size=2)


def records(*names: str) -> Any:
    """Objects with these names, each holding what it should, or anything."""
    known = st.sampled_from(
        ["teacher", "student", "school", "u1", "true", "tobedeleted", "a@maple.example", "\0", "\ud800"]
    )
    role = st.fixed_dictionaries({"role": known | anything, "org": anything, "roleType": anything})
    return st.dictionaries(st.sampled_from(names), known | anything | st.lists(role | anything, max_size=3))


KINDS = (FedSchool, FedPerson, FedStudent, FedGuardian, FedSomebody, LeftOut)

ORGS = ("sourcedId", "status", "name", "type")
USERS = (
    *("sourcedId", "status", "enabledUser", "givenName", "familyName", "preferredFirstName", "email"),
    *("role", "roles", "orgs", "org", "primaryOrg"),
    *("identifier", "grades", "agents", "sms", "phone", "userMasterIdentifier"),
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@example(
    orgs=[{"sourcedId": "\0", "type": "school", "name": "Beech"}],
    users=[{"sourcedId": "\ud800", "role": "teacher", "familyName": "\0Bell"}],
)
@given(orgs=st.lists(records(*ORGS), max_size=5), users=st.lists(records(*USERS), max_size=5))
def test_every_record_is_an_item(orgs: list[dict[str, Any]], users: list[dict[str, Any]]) -> None:
    for asking, (what, given_records) in product(ASKING, (("orgs", orgs), ("users", users))):
        at = At(what=what)
        items = asking._items(at, given_records)
        at.take(given_records, None)

        assert len(items) == len(given_records)
        assert all(isinstance(item, KINDS) for item in items)
        text = spool.written(items)
        assert "\\u0000" not in text
        text.encode()
        kept = list(spool.read_back(text))
        assert all(item.key for item in kept if not isinstance(item, LeftOut))
        assert [item.line for item in kept] == list(range(1, len(items) + 1))
