"""A roster from a OneRoster server, over the wire: what real servers do, and what bad ones do."""

import dataclasses
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.core import clock, services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.queue import Work
from app.core.services import ONEROSTER
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.roster.actions import connecting, importing
from app.roster.actions.connecting import Particulars
from app.roster.actions.refused import Refused
from app.roster.models.fetched_page import FetchedPage
from app.roster.models.guardianship import Guardianship
from app.roster.models.import_note import ImportNote
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_REST
from app.roster.models.student import Student
from tests.integrations.oneroster_server import (
    KEY,
    SECRET,
    STATIC_TOKEN,
    OneRosterServer,
    org,
    pointer,
    role,
    running,
    user,
    user_of_1_1,
)
from tests.roster.exports import Member, an_export
from tests.world import World

NIGHT = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)

Start = Callable[..., OneRosterServer]


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield world


@pytest.fixture
def start(maple: World) -> Iterator[Start]:
    """A server that ends with the test, with a connection to it that is turned on."""
    with ExitStack() as open_servers:

        def begin(**habits: Any) -> OneRosterServer:
            schools = [
                org("d1", "Maple Schools", "district"),
                org("s1", "Beech School"),
                org("s2", "Oak School"),
            ]
            server = OneRosterServer(**{"orgs": schools, "users": [user(1), user(2), user(3)], **habits})
            open_servers.enter_context(running(server))
            allowed = frozenset({f"127.0.0.1:{server.port}"})
            use_settings(dataclasses.replace(get_settings(), egress_private_allowed=allowed))
            connect(server)
            return server

        yield begin


def connect(server: OneRosterServer, *, families: bool = False, classes: bool = False, **more: str) -> None:
    method = {"HMAC-SHA1": "oauth1_sha1", "HMAC-SHA256": "oauth1_sha256"}.get(server.method, server.method)
    settings = {
        "address": server.address,
        "method": method,
        "client_id": KEY,
        "token_address": server.token_address,
        **more,
    }
    secret = STATIC_TOKEN if method == "bearer" else SECRET
    filled = Particulars(settings=settings, secret=secret, families=families, classes=classes)
    connecting.change(ONEROSTER_REST, filled, by=SYSTEM)
    services.turn(ONEROSTER, True, SYSTEM, connecting.hosts(ONEROSTER_REST))
    db.session.commit()


def asked(*, removals: bool = True) -> RosterImport:
    """Asked for, read, compared, and applied if it waits for an answer."""
    run_id = connecting.sync(ONEROSTER_REST, by=SYSTEM).id
    db.session.commit()
    run = gone_on(run_id)
    if run.state == "ready":
        importing.approve(run, removals=removals)
        db.session.commit()
        run = gone_on(run_id)
    return run


def looked_at() -> RosterImport:
    run_id = connecting.sync(ONEROSTER_REST, by=SYSTEM).id
    db.session.commit()
    return gone_on(run_id)


def gone_on(run_id: Any) -> RosterImport:
    importing.advance(run_id)
    found = RosterImport.locked(run_id)
    assert found is not None
    db.session.commit()
    return found


def kept_text() -> str:
    runs = db.session.scalars(select(FetchedPage.import_id).distinct()).all()
    return repr([item for run_id in runs for item in FetchedPage.feed(run_id)])


def verdicts(run: RosterImport) -> dict[str, int]:
    return {verdict: count for (what, verdict), count in ImportRow.counts(run.id).items() if what == "staff"}


def log_of(run: RosterImport) -> str:
    return " ".join(note.sentence for note in ImportNote.of(run.id))


def with_address(email: str) -> Person:
    db.session.expire_all()
    found = Person.with_address(email)
    assert found is not None
    return found


# --- what real servers do -----------------------------------------------------------------------------------


def test_schools_and_staff_come_over_page_by_page(start: Start) -> None:
    server = start(most=10, users=[user(nth) for nth in range(1, 36)])

    run = asked()

    assert run.state == "done"
    assert verdicts(run) == {"new": 35}
    somebody = with_address("u35@maple.example")
    assert (somebody.name, somebody.school.name) == ("Given35 Family35", "Beech School")
    offsets = [int(one["offset"]) for one in server.questions("users")]
    assert offsets == [0, 10, 20, 30, 35], "by the records that came, until none comes"
    assert {one["sort"] for one in server.questions("users")} == {"sourcedId"}
    assert {one["fields"] for one in server.questions("users")} == {
        "sourcedId,status,enabledUser,givenName,familyName,preferredFirstName,preferredLastName,email,roles,primaryOrg"
    }


def test_what_is_not_taken_in_is_not_asked_for_and_not_kept(start: Start) -> None:
    students = [user(nth, role("student"), givenName="Wombat") for nth in range(50, 60)]
    server = start(users=[user(1), *students], refuses=frozenset({"fields"}))

    run = looked_at()

    assert run.state == "ready"
    assert run.left_out["not_staff"] == 10
    assert "quokka" not in kept_text()
    assert "Wombat" not in kept_text()
    assert not any("demographics" in one for one in server.asked)
    chosen = server.questions("orgs")[0]["fields"]
    assert chosen == "sourcedId,status,name,type"


@pytest.mark.parametrize("refused", [{"fields"}, {"sort"}, {"fields", "sort", "orderBy"}])
def test_a_server_that_knows_no_fields_or_sort_is_asked_plainly(start: Start, refused: set[str]) -> None:
    server = start(refuses=frozenset(refused), most=2)

    run = asked()

    assert verdicts(run) == {"new": 3}
    assert not refused & server.questions("users")[-1].keys()
    assert len(server.questions("users")) == 3, "what it refused for orgs it is not asked again"


def test_one_person_with_an_id_for_each_school_is_one_person(start: Start) -> None:
    at_oak = user(
        2, role("teacher", "s2"), email="u1@maple.example", givenName="Given1", familyName="Family1"
    )
    start(users=[user(1), at_oak, user(3)])

    run = asked()

    assert verdicts(run) == {"new": 2, "also": 1}
    assert with_address("u1@maple.example").school.name == "Beech School"
    assert run.state == "done"


@pytest.mark.parametrize(
    ("flag", "is_in"),
    [(True, True), ("true", True), ("TRUE", True), (1, True), ("1", True), (False, False), (0, False)],
)
def test_a_flag_may_be_a_text_a_number_or_a_boolean(start: Start, flag: Any, is_in: bool) -> None:
    start(version="v1p1", users=[user_of_1_1(1), user_of_1_1(2, enabledUser=flag)])

    assert verdicts(looked_at()) == ({"new": 2} if is_in else {"new": 1, "left_out": 1})


def test_of_several_roles_the_primary_one_on_the_staff_that_holds_today_counts(start: Start) -> None:
    both = [role("teacher", "s2", "secondary"), role("principal", "s1")]
    over = [role("teacher", "s1", endDate="2020-06-30"), role("student", "s2")]
    start(users=[user(1, *both), user(2, *over), user(3, role("guardian"))])

    run = asked()

    assert verdicts(run) == {"new": 1}
    assert with_address("u1@maple.example").school.name == "Beech School"
    row = db.session.scalars(select(ImportRow).where(ImportRow.key == "u00001")).one()
    assert row.role == "principal"


def test_a_full_server_of_1_1_is_read_too(start: Start) -> None:
    users = [user_of_1_1(1, "administrator"), user_of_1_1(2, "aide"), user_of_1_1(3, "student")]
    server = start(version="v1p1", method="bearer", users=users)

    run = asked()

    assert (run.state, verdicts(run)) == ("done", {"new": 2})
    assert "role" in server.questions("users")[0]["fields"].split(",")


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
def test_signatures_of_1_1_hold_at_the_other_side(start: Start, method: str) -> None:
    server = start(version="v1p1", method=method, users=[user_of_1_1(1), user_of_1_1(2)], most=1)

    assert verdicts(asked()) == {"new": 2}
    connecting.change(
        ONEROSTER_REST,
        Particulars(settings=RosterConnection.of_kind(ONEROSTER_REST).settings, secret="another"),
        by=SYSTEM,
    )
    db.session.commit()
    with pytest.raises(Refused, match="does not accept the key"):
        connecting.try_out(ONEROSTER_REST)
    assert server.tokens == {}


@pytest.mark.parametrize("habits", [{"knows_scopes": False}, {"takes_basic": False}])
def test_token_servers_differ(start: Start, habits: dict[str, bool]) -> None:
    start(**habits)

    assert connecting.try_out(ONEROSTER_REST) == "It answers, and the key may read schools and users."


def test_a_token_that_ends_in_the_middle_is_renewed(start: Start) -> None:
    server = start(most=1, token_lasts=2, users=[user(nth) for nth in range(1, 8)])

    run = asked()

    assert (run.state, verdicts(run)) == ("done", {"new": 7})
    assert len(server.tokens) > 3


# --- students and families, where the district asked for them -------------------------------------------------


def a_family(**of_the_student: Any) -> list[dict[str, Any]]:
    """Ana, and her mother, who name each other; and one of the staff, without whom nothing is believed."""
    ana = user(
        *(7, role("student", "s2")),
        givenName="Ana",
        familyName="Ortega",
        identifier="70007",
        grades=["05"],
        email="",
        **{"agents": [pointer("u00008", "user")], **of_the_student},
    )
    mother = user(
        *(8, role("parent", "s2")),
        givenName="Luz",
        familyName="Ortega",
        email="luz@home.example",
        sms="+1 206 555 0117",
        userMasterIdentifier="m-8",
        agents=[pointer("u00007", "user")],
    )
    return [user(1), ana, mother]


def families_of(run: RosterImport) -> dict[tuple[str, str], int]:
    return {
        (kind, verdict): count
        for (kind, verdict), count in ImportRow.counts(run.id).items()
        if kind in ("student", "guardian")
    }


def test_students_and_families_come_where_they_are_asked_for(start: Start) -> None:
    server = start(users=a_family())
    connect(server, families=True)

    run = asked()

    assert run.state == "done"
    assert families_of(run) == {("student", "new"): 1, ("guardian", "new"): 1}
    ana = Student.numbered("70007")
    assert ana is not None
    assert ana.grade == "05"
    (held,) = Guardianship.of_student(ana.id)
    assert Person.find(held.guardian_id).name == "Luz Ortega"
    assert {"agents", "sms", "userMasterIdentifier"} <= set(
        server.questions("users")[-1]["fields"].split(",")
    )


def test_without_a_word_nothing_of_them_is_asked_for_or_kept(start: Start) -> None:
    server = start(users=a_family())

    run = looked_at()

    assert run.left_out["not_staff"] == 2
    assert not {"agents", "sms", "phone", "identifier"} & set(
        server.questions("users")[0]["fields"].split(",")
    )
    assert "Ortega" not in kept_text()


def test_what_families_are_reached_by_lies_open_nowhere(start: Start) -> None:
    server = start(users=a_family())
    connect(server, families=True)

    run = looked_at()

    assert run.state == "ready"
    assert "luz@home.example" in kept_text()
    for table in ("roster_fetched_pages", "roster_import_rows"):
        rows = db.session.execute(text(f"select to_jsonb({table})::text from {table}")).scalars().all()
        assert rows
        assert not any("luz@home" in row or "5550117" in row or "555 0117" in row for row in rows)


def test_a_family_is_known_again_the_next_night(start: Start) -> None:
    server = start(users=a_family())
    connect(server, families=True)
    asked()

    run = asked()

    assert run.state == "done"
    assert families_of(run) == {}
    assert run.unchanged == {"student": 1, "guardian": 1}


def test_a_student_who_is_deleted_there_leaves(start: Start) -> None:
    server = start(users=a_family())
    connect(server, families=True)
    asked()
    server.users[1] = a_family(status="tobedeleted", roles=[role("student", "s2")])[1]

    run = asked()

    assert families_of(run)["student", "leaves"] == 1


# --- it breaks off, and goes on -----------------------------------------------------------------------------


def test_it_goes_on_after_a_break_and_asks_nothing_twice(start: Start, monkeypatch: Any) -> None:
    server = start(most=2, users=[user(nth) for nth in range(1, 12)])
    monkeypatch.setattr(importing, "A_WHILE", -1.0)
    run = looked_at()

    for _ in range(40):
        if run.state == "ready":
            break
        run = gone_on(run.id)

    assert verdicts(run) == {"new": 11}
    pages = [(one["offset"]) for one in server.questions("users")]
    assert len(pages) == len(set(pages))


def test_a_busy_server_that_answers_in_html_is_asked_again_when_it_said(start: Start) -> None:
    html = (429, {"Retry-After": "120", "Content-Type": "text/html"}, b"<h1>Too many requests</h1>")
    server = start(most=2)
    server.before[3] = lambda: server.instead.append(html)

    with clock.frozen(NIGHT):
        run = looked_at()

    assert (run.state, run.pauses) == ("fetching", 1)
    due = db.session.scalars(select(Work.due_at).order_by(Work.due_at.desc())).first()
    assert due == NIGHT + timedelta(minutes=2)
    assert "asks us to slow down" in log_of(run)
    assert verdicts(gone_on(run.id)) == {"new": 3}


def test_a_date_to_come_back_at_is_understood(start: Start) -> None:
    server = start()
    server.instead.append((503, {"Retry-After": "Thu, 26 Nov 2026 07:30:00 GMT"}, b""))

    with clock.frozen(NIGHT):
        run = looked_at()

    due = db.session.scalars(select(Work.due_at).order_by(Work.due_at.desc())).first()
    assert due == NIGHT + timedelta(minutes=30)
    assert run.state == "fetching"


def test_a_server_that_is_away_is_asked_again(start: Start, maple: World) -> None:
    start()
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        allowed = frozenset({f"127.0.0.1:{port}"})
        use_settings(dataclasses.replace(get_settings(), egress_private_allowed=allowed))
        connect(OneRosterServer(port=port))

        run = looked_at()

    assert run.state == "fetching"
    assert "does not answer as it should" in log_of(run)


def test_whoever_moves_between_two_pages_is_neither_lost_nor_doubled(start: Start) -> None:
    """One is deleted on a page that was read: all behind it move up by one, and the reading says so."""
    users = [user(nth) for nth in range(1, 9)]
    server = start(most=3, users=users, tells_totals=True)
    with clock.frozen(NIGHT):
        asked()
    asked_so_far = len(server.asked)
    server.before[asked_so_far + 4] = lambda: server.users.remove(users[0])

    with clock.frozen(NIGHT + timedelta(days=1)):
        run = asked()

    assert run.state == "done"
    assert not run.counts_absence
    assert "changed while it was read" in log_of(run)
    assert all(with_address(f"u{nth}@maple.example").active for nth in range(1, 9))


def test_whoever_comes_between_two_pages_makes_nobody_double(start: Start) -> None:
    users = [user(nth) for nth in range(1, 9)]
    server = start(most=3, users=users)
    server.before[4] = lambda: server.users.insert(0, user(0))

    run = asked()

    assert (run.state, verdicts(run)) == ("done", {"new": 8})
    assert run.rows_read > 8 + 3, "one came twice"


def test_a_change_of_version_that_gives_everybody_a_new_id_loses_nobody(start: Start) -> None:
    server = start()
    asked()
    before = {nth: with_address(f"u{nth}@maple.example").id for nth in (1, 2, 3)}
    server.users[:] = [user(nth, sourcedId=f"new-{nth}") for nth in (1, 2, 3)]

    run = asked()

    assert verdicts(run) == {"rekeyed": 3}
    assert {nth: with_address(f"u{nth}@maple.example").id for nth in (1, 2, 3)} == before


@pytest.mark.parametrize(("days", "stays"), [(10, True), (40, False)])
def test_a_file_of_long_ago_keeps_nobody_whom_the_connection_has_no_more(
    start: Start, days: int, stays: bool
) -> None:
    members = [
        Member(f"u{nth}", f"Given{nth}", f"Family{nth}", f"u{nth}@maple.example") for nth in range(1, 60)
    ]
    with clock.frozen(NIGHT):
        by_file = importing.begin(io.BytesIO(an_export(members)), by=SYSTEM).id
        db.session.commit()
        gone_on(by_file)
        importing.approve(RosterImport.find(by_file), removals=True)
        db.session.commit()
        gone_on(by_file)
    server = start(users=[user(nth) for nth in range(1, 60)])

    for night in range(3):
        with clock.frozen(NIGHT + timedelta(days=days + night)):
            importing.forget_old_imports()
            db.session.commit()
            assert asked().state == "done"
        server.users[:] = [one for one in server.users if one["sourcedId"] != "u00001"]

    assert with_address("u1@maple.example").active is stays


# --- what bad ones do ---------------------------------------------------------------------------------------


def roster_stands(run: RosterImport, sentence: str) -> None:
    assert run.state == "failed"
    assert sentence in (run.sentence or "")
    assert db.session.scalar(select(func.count()).select_from(FetchedPage)) == 0
    connection = RosterConnection.of_kind(ONEROSTER_REST)
    assert connection.failure == run.sentence
    for nth in (1, 2, 3):
        assert with_address(f"u{nth}@maple.example").active


BAD_ANSWERS = {
    "nobody at all": (lambda server: server.users.clear(), "nobody on the staff"),
    "no list": (lambda server: server.instead.append((200, {}, b'{"orgs": null}')), "not OneRoster"),
    "a page of HTML": (lambda server: server.instead.append((200, {}, b"<html>")), "not OneRoster"),
    "another list": (lambda server: server.instead.append((200, {}, b'{"classes": []}')), "not OneRoster"),
    "a list": (lambda server: server.instead.append((200, {}, b"[1, 2]")), "not OneRoster"),
    "a redirect": (
        lambda server: server.instead.append((302, {"Location": "https://elsewhere.example/"}, b"")),
        "another address",
    ),
    "forbidden": (lambda server: server.instead.append((403, {}, b"{}")), "may not read orgs"),
    "no such path": (lambda server: server.instead.append((404, {}, b"{}")), "no OneRoster at this address"),
    "a teapot": (lambda server: server.instead.append((418, {}, b"{}")), "error 418"),
    "the same page for ever": (lambda server: setattr(server, "knows_offset", False), "again and again"),
    "fewer than it told": (lambda server: setattr(server, "total_off_by", 5), "said that there are"),
    "a packed answer": (
        lambda server: server.instead.append((200, {"Content-Encoding": "gzip"}, b"xx")),
        "packed answer",
    ),
    "no key any more": (lambda server: setattr(server, "token_lasts", 0), "does not accept the key"),
}


@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_a_bad_answer_gets_a_sentence_and_the_roster_stands(start: Start, bad: str) -> None:
    server = start(tells_totals=True)
    assert asked().state == "done"
    act, sentence = BAD_ANSWERS[bad]
    server.tokens.clear()
    act(server)

    for _ in range(2):
        rows = list(server.instead)
        roster_stands(asked(), sentence)
        server.instead.extend(rows)
    server.instead.clear()


def test_a_token_that_ends_and_is_not_renewed_gets_a_sentence(start: Start) -> None:
    server = start(most=1)
    asked()

    def revoke() -> None:
        server.token_lasts = 0
        server.tokens.clear()

    server.before[len(server.asked) + 4] = revoke

    roster_stands(asked(), "does not accept the key and the secret")


def test_neither_href_nor_next_is_followed(start: Start) -> None:
    elsewhere = "https://elsewhere.example/users/u1"
    far = user(2, role(href=elsewhere), primaryOrg=pointer("s2", href=elsewhere))
    server = start(users=[user(1), far], link="https://elsewhere.example/users?offset=100", most=1)

    run = asked()

    assert verdicts(run) == {"new": 2}
    assert with_address("u2@maple.example").school.name == "Oak School"
    assert all(one.startswith("/ims/oneroster/v1p2/") for one in server.asked)


def test_an_id_that_is_missing_makes_absence_count_for_nothing(start: Start) -> None:
    start(version="v1p1", users=[user_of_1_1(1), user_of_1_1(2, sourcedId="")])

    run = asked()

    assert not run.counts_absence
    assert "have no sourcedId" in log_of(run)


# --- where it leads -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://sis.maple.example/ims/oneroster/v1p1", "https alone"),
        ("https://10.0.0.8/ims/oneroster/v1p1", "private network"),
        ("https://[::1]/ims/oneroster/v1p1", "private network"),
        ("https://169.254.169.254/latest", "private network"),
        ("https://2130706433/v1p1", "not a host name"),
        ("https://key:secret@sis.maple.example/v1p1", "Leave name and password out"),
        ("sis.maple.example", "whole address"),
        ("file:///etc/passwd", "whole address"),
        ("https://", "whole address"),
        ("https://sis.maple.example:99999/", "whole address"),
        ("https://SERVER.example/ims/oneroster/v1p1", "Replace SERVER.example"),
        ("https://oneroster-proxy.classlink.io/APPLICATION/ims/oneroster/v1p1", "Replace APPLICATION"),
        ("https://sis.maple.example/v1p1?limit=1", "before the question mark"),
    ],
)
def test_an_address_that_is_never_called_is_refused_as_it_is_typed(
    maple: World, address: str, sentence: str
) -> None:
    settings = {"address": address, "method": "bearer"}

    with pytest.raises(Refused, match=sentence):
        connecting.change(ONEROSTER_REST, Particulars(settings=settings, secret="sesame"), by=SYSTEM)


def test_a_name_that_leads_to_a_private_address_gets_a_sentence(maple: World, monkeypatch: Any) -> None:
    settings = {"address": "https://sis.maple.example/ims/oneroster/v1p1", "method": "bearer"}
    connecting.change(ONEROSTER_REST, Particulars(settings=settings, secret="sesame"), by=SYSTEM)
    services.turn(ONEROSTER, True, SYSTEM, connecting.hosts(ONEROSTER_REST))
    db.session.commit()
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: inside)

    with pytest.raises(Refused, match=r"leads to 10\.1\.2\.3, an address inside a private network"):
        connecting.try_out(ONEROSTER_REST)
    run = looked_at()

    assert run.state == "failed"
    assert "private network" in (run.sentence or "")


def test_a_secret_goes_to_the_host_that_it_was_entered_for(start: Start) -> None:
    server = start()
    settings = dict(RosterConnection.of_kind(ONEROSTER_REST).settings)

    for name in ("address", "token_address"):
        moved = {**settings, name: "https://elsewhere.example/v1p2"}
        with pytest.raises(Refused, match="Enter the secret again"):
            connecting.change(ONEROSTER_REST, Particulars(settings=moved), by=SYSTEM)
        db.session.rollback()

    same_host = {**settings, "address": server.address + "/"}
    connecting.change(ONEROSTER_REST, Particulars(settings=same_host), by=SYSTEM)
