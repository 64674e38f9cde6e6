"""Who of a directory is on the staff, at which school and in which groups; and a reading that loses its place."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.core.feed import FedPerson, Item, LeftOut, Rule, Unreadable, WholeRead
from app.core.fetching import Page
from app.core.listing import BeginAnew, Leaf, Listed, Members
from app.roster.actions.placing import Group, Placing, place_of

STAFF = Group(id="1", what="ou", name="/Staff")
NORTH = Group(id="2", what="ou", name="/Staff/North", school_key="north")
TECHS = Group(id="3", what="group", name="techs@maple.example", school_key="cedar")
NOT_SUBS = Group(id="4", what="group", name="subs@maple.example", takes_in=False)
NOT_INTERNS = Group(id="5", what="ou", name="/Staff/Interns", takes_in=False)
EVERYBODY = Group(id="6", what="everybody", name="")


def listed(nth: int = 1, **said: Any) -> Listed:
    told = {
        "given_name": "Nora",
        "family_name": f"Bell{nth}",
        "email": f"n{nth}@maple.example",
        "path": "/Staff",
    }
    return Listed(key=str(nth), **{**told, **said})


@pytest.mark.parametrize(
    ("path", "school", "groups"),
    [
        ("/Staff", "", ["1"]),
        ("/staff/", "", ["1"]),
        ("/Staff/North", "north", ["1", "2"]),
        ("/Staff/North/Office", "north", ["1", "2"]),
        ("/Staff/Northern", "", ["1"]),
    ],
)
def test_the_innermost_unit_says_the_school(path: str, school: str, groups: list[str]) -> None:
    placed = place_of(listed(path=path), [STAFF, NORTH], {})

    assert placed is not None
    assert (placed.school_key, placed.groups) == (school, groups)


@pytest.mark.parametrize("path", ["/Students/North", "/", "", "/Staffing", "/Students/Staff"])
def test_whoever_is_in_none_of_them_is_not_on_the_staff(path: str) -> None:
    assert place_of(listed(path=path), [STAFF, NORTH], {}) is None


def test_a_group_takes_in_by_number_alone() -> None:
    placed = place_of(listed(7, path="/Students"), [STAFF, TECHS], {"3": {"7"}})

    assert placed is not None
    assert (placed.school_key, placed.groups) == ("cedar", ["3"])
    assert place_of(listed(8, path="/Students"), [STAFF, TECHS], {"3": {"7"}}) is None


def test_what_leaves_out_does() -> None:
    groups, members = [STAFF, NOT_SUBS, NOT_INTERNS], {"4": {"7"}}

    assert place_of(listed(7), groups, members) is None
    assert place_of(listed(8, path="/Staff/Interns"), groups, members) is None
    assert place_of(listed(9), groups, members) is not None


def test_a_unit_within_one_that_leaves_out_takes_in_again() -> None:
    inner = Group(id="9", what="ou", name="/Staff/Interns/Paid")

    assert place_of(listed(path="/Staff/Interns/Paid"), [STAFF, NOT_INTERNS, inner], {}) is not None


def test_everybody_is_everybody_but_those_left_out() -> None:
    students = Group(id="8", what="group", name="students", takes_in=False)

    assert place_of(listed(1, path=""), [EVERYBODY, students], {"8": {"2"}}) is not None
    assert place_of(listed(2, path=""), [EVERYBODY, students], {"8": {"2"}}) is None


# --- a reading --------------------------------------------------------------------------------------------


class Told:
    """A directory that tells these leaves, and forgets its place as often as it is told to."""

    def __init__(self, *leaves: Leaf, forgets: int = 0) -> None:
        self.leaves, self.forgets, self.is_closed = leaves, forgets, False
        self.asked: list[str] = []

    def members(self) -> Iterator[Members]:
        yield Members(("group", "techs@maple.example"), ["2"])
        yield Members(("app_role", "Nobody's business"), ["1"])

    def people(self, at: str) -> Leaf:
        self.asked.append(at)
        if at and self.forgets:
            self.forgets -= 1
            raise BeginAnew
        return self.leaves[int(at or 0)]

    def changes(self, at: str) -> Leaf:
        self.asked.append(f"changes {at}")
        if self.forgets:
            self.forgets -= 1
            raise BeginAnew
        return self.leaves[int(at)]

    def try_out(self) -> str:
        return "It answers."

    def close(self) -> None:
        self.is_closed = True


def read(told: Told, place: dict[str, Any] | None = None, *groups: Group) -> list[Page]:
    return list(Placing(told, groups or (STAFF, NORTH, TECHS)).pages(place or {}))


def items(pages: list[Page]) -> list[Item]:
    return [item for page in pages for item in page.items]


def test_a_reading_is_people_and_the_proof_at_its_end() -> None:
    told = Told(Leaf(people=[listed(1, path="/Staff/North")], then="1"), Leaf(people=[listed(2, path="/x")]))

    first, last = read(told)

    assert first.items == [
        FedPerson(
            file="users", line=1, key="1", given_name="Nora", family_name="Bell1", email="n1@maple.example",
            school_key="north", role="staff", active=True, groups=["1", "2"],
        )
    ]  # fmt: skip
    assert last.items[0].groups == ["3"]
    assert (last.then, last.received) == (WholeRead(True), 2)
    assert told.is_closed


def test_a_reading_goes_on_from_any_place() -> None:
    leaves = [Leaf(people=[listed(nth)], then=str(nth)) for nth in (1, 2, 3)] + [Leaf(people=[listed(4)])]
    whole = read(Told(*leaves))

    for nth, page in enumerate(whole[:-1], start=1):
        assert read(Told(*leaves), dict(page.then)) == whole[nth:]


def test_of_whoever_is_not_on_the_staff_nothing_is_written_down() -> None:
    told = Told(
        Leaf(
            people=[
                listed(1, path="/Students", given_name="Ann"),
                listed(9, path="/Staff", is_guest=True),
                listed(2, path="/Students"),
                listed(3),
            ]
        )
    )

    student, guest, *_ = items(read(told))

    assert student == LeftOut(file="users", line=1, key="", rule=Rule.NOT_STAFF)
    assert guest == LeftOut(file="users", line=2, key="", rule=Rule.GUEST)


def test_whoever_is_suspended_has_left_wherever_they_lie() -> None:
    told = Told(
        Leaf(
            people=[listed(1, path="/Suspended", active=False), listed(2, active=False), listed(3)], then="1"
        ),
        Leaf(gone=["4"]),
    )

    moved, suspended, _, deleted = items(read(told))

    assert (moved.key, moved.active, moved.given_name, moved.email) == ("1", False, "", "")
    assert (suspended.key, suspended.active, suspended.given_name) == ("2", False, "Nora")
    assert (deleted.key, deleted.active, deleted.file) == ("4", False, "deleted")


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"given_name": "", "family_name": ""}, Rule.NO_NAME),
        ({"family_name": "x" * 81}, Rule.TOO_LONG),
        ({"email": "nobody"}, Rule.NO_ADDRESS),
        ({"email": "two words@maple.example"}, Rule.NO_ADDRESS),
    ],
)
def test_what_is_wrong_with_one_of_the_staff_is_told(said: dict[str, str], rule: Rule) -> None:
    told = Told(Leaf(people=[listed(1, **said), listed(2)]))

    assert items(read(told))[0].rule == rule


def test_nobody_is_asked_for_before_it_is_said_who_is_on_the_staff() -> None:
    told = Told(Leaf(people=[listed(1)]))

    with pytest.raises(Unreadable, match="Say first who is on the staff"):
        read(told, {}, NOT_SUBS)
    assert told.asked == []


def test_a_directory_without_staff_is_a_mistake_and_no_reading() -> None:
    with pytest.raises(Unreadable, match="nobody in it is in one of the groups"):
        read(Told(Leaf(people=[listed(1, path="/Students")], gone=["2"])))


def test_a_lost_place_begins_anew_and_ends() -> None:
    leaves = [Leaf(people=[listed(1)], then="1"), Leaf(people=[listed(2)])]

    pages = read(Told(*leaves, forgets=1))
    assert [one.key for one in items(pages) if isinstance(one, FedPerson)] == ["1", "1", "2"]
    assert (pages[-1].then, pages[-1].received) == (WholeRead(True), 2)
    with pytest.raises(Unreadable, match="loses the place"):
        read(Told(*leaves, forgets=99))


def test_changes_are_no_proof_that_anybody_is_missing() -> None:
    told = Told(Leaf(people=[listed(1)], gone=["2"], bookmark="next"))

    (page,) = read(told, {"since": "0"})

    assert (page.then, page.bookmark) == (WholeRead(False), "next")
    assert [one.key for one in page.items] == ["1", "2"]


def test_no_changes_are_no_mistake() -> None:
    (page,) = read(Told(Leaf(bookmark="next")), {"since": "0"})

    assert page.then == WholeRead(False)


def test_a_bookmark_that_is_too_old_reads_everybody() -> None:
    told = Told(Leaf(people=[listed(1)], bookmark="fresh"), forgets=1)

    pages = read(told, {"since": "0"})

    assert told.asked == ["changes 0", ""]
    assert (pages[-1].then, pages[-1].bookmark) == (WholeRead(True), "fresh")


def test_the_bookmark_of_the_first_page_is_told_at_the_end() -> None:
    told = Told(Leaf(then="1", bookmark="b1"), Leaf(people=[listed(1)]))

    assert read(told)[-1].bookmark == "b1"
