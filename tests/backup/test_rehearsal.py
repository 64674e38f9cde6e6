"""The rehearsal: two districts are backed up and stand again on another machine, all of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import audit
from app.core.audit import AuditEntry, AuditPersonal
from app.core.db import db
from app.core.queue import Work
from app.core.tenancy import as_district
from app.notices.models.mail_setting import MailSetting
from app.notices.models.message import Message, State
from jobs import run_work
from tests.auth.test_sign_in import sign_in
from tests.backup.conftest import SECRET, Kept, Machine
from tests.cluster import TestDatabase
from tests.helpdesk.desk import comes_in, written
from tests.notices.letters import a_reply
from tests.page_client import PageClient
from tests.world import World

Another = Callable[[], Machine]
#: What a restore changes on purpose, and what goes on by itself.
CHANGED = {"messages", "web_sessions"}
#: Tables whose rows are no district's: those of the deployment itself, and of who runs it.
OF_NOBODY = {"heartbeats", "operators", "operator_sessions", "operator_entries"}


def rows(database: TestDatabase, district_id: UUID) -> dict[str, Any]:
    """Count and sum of a district's rows in every table, asked without the code that is tested."""
    found = {}
    with database.connect() as connection:
        for table in {*database.tables()} - OF_NOBODY:
            column = "id" if table == "districts" else "district_id"
            found[table] = connection.execute(
                f"select count(*), coalesce(md5(string_agg(r::text, '|' order by r::text)), '') "
                f"from (select * from {table} where {column} = %s) r",
                [district_id],
            ).fetchone()
    return found


def spend_transactions(database: TestDatabase) -> None:
    """So that they count higher here than on a new server."""
    with database.connect() as connection:
        for _ in range(4000):
            connection.execute("select pg_current_xact_id()")


def test_every_row_stands_again(kept: Kept, another: Another, world: World) -> None:
    there = another()

    done = there.run("restore", str(kept.folder))

    assert done.exit_code == 0, done.output
    for place in (world.maple, world.birch):
        before, after = rows(kept.here.database, place.id), rows(there.database, place.id)
        assert {table: count for table, (count, _) in before.items() if table != "audit_entries"} == {
            table: count for table, (count, _) in after.items() if table != "audit_entries"
        }
        for table in before.keys() - CHANGED - {"audit_entries", "audit_seals"}:
            assert before[table] == after[table], table
        assert before["tickets"][0] == 1
        assert before["audit_personal"][0] > 0


def test_people_sign_in_and_a_ticket_page_has_its_photo(kept: Kept, another: Another, world: World) -> None:
    there = another()
    there.run("restore", str(kept.folder))
    client = PageClient(there.app)

    assert sign_in(client, world.bell.email).status == 303

    client.sign_in(world.tess)
    assert "like this" in client.get(f"/maple/tickets/{kept.number}").text
    assert (
        client.get(f"/maple/attachments/{kept.attachment}/thumbnail", status=200).data[:3] == b"\xff\xd8\xff"
    )


def test_what_is_sealed_opens_and_who_was_signed_in_is_not(
    kept: Kept, another: Another, world: World
) -> None:
    PageClient(kept.here.app).sign_in(world.tess)
    kept.here.run("backup", "--to", str(kept.to), "--district", "maple")
    there = another()

    there.run("restore", str(next(kept.to.glob("*-maple"))))

    with there.app.app_context(), as_district(world.maple.id):
        assert db.session.scalars(select(MailSetting)).one().password == SECRET
        assert db.session.scalars(select(AuditPersonal)).first().values
    with there.database.connect() as connection:
        assert connection.execute("select count(*), count(ended_at) from web_sessions").fetchone() == (1, 1)


def test_the_audit_log_goes_on_where_transactions_count_lower(
    kept: Kept, another: Another, world: World
) -> None:
    spend_transactions(kept.here.database)
    with kept.here.app.app_context(), as_district(world.maple.id):
        audit.noted("looked", "people")
        db.session.commit()
    kept.here.run("backup", "--to", str(kept.to), "--district", "maple")
    there = another()

    done = there.run("restore", str(next(kept.to.glob("*-maple"))))

    assert "The audit log holds" in done.output, done.output
    with there.app.app_context(), as_district(world.maple.id):
        newest = db.session.scalars(select(AuditEntry).order_by(AuditEntry.position.desc())).first()
        assert newest.did == "restored"
        assert audit.seal_entries() == 2 + 1  # what was not sealed there, the backup itself, and this restore
        db.session.commit()
        assert audit.verify().unsealed == 0
        assert audit.verify().holds


def test_mail_that_may_have_been_sent_waits_for_a_person(kept: Kept, another: Another, world: World) -> None:
    there = another()

    done = there.run("restore", str(kept.folder))

    with there.app.app_context(), as_district(world.maple.id):
        messages = list(db.session.scalars(select(Message)))
    assert messages
    assert {message.state for message in messages} == {State.UNSURE}
    assert "may have been sent before" in messages[0].reason
    assert f"{2 * len(messages)} emails may have been sent" in done.output


def test_queued_mail_goes_if_the_operator_says_so_and_half_sent_mail_never(
    kept: Kept, another: Another, world: World
) -> None:
    with kept.here.app.app_context(), as_district(world.maple.id):
        a_reply(world)
    with kept.here.database.connect() as connection:
        connection.execute(
            "update messages set state = 'sending', claimed_until = now() where id = "
            "(select min(id::text)::uuid from messages where district_id = %s)",
            [world.maple.id],
        )
    kept.here.run("backup", "--to", str(kept.to), "--district", "maple")
    there = another()

    there.run("restore", str(next(kept.to.glob("*-maple"))), "--send")

    with there.app.app_context(), as_district(world.maple.id):
        states = [message.state for message in db.session.scalars(select(Message).order_by(Message.id))]
    assert states[0] == State.UNSURE
    assert set(states[1:]) == {State.QUEUED}


@pytest.mark.parametrize(
    ("options", "state", "words"),
    [((), State.UNSURE, "may have been sent before"), (("--send",), State.QUEUED, "")],
)
def test_a_receipt_that_was_owed_is_written_once(
    kept: Kept, another: Another, world: World, options: tuple[str, ...], state: State, words: str
) -> None:
    raw = written(world.bell.email, "The screen is dark", message_id="<dark@maple.example>")
    comes_in(kept.here.app, world.maple, raw, acknowledge=False)
    kept.here.run("backup", "--to", str(kept.to), "--district", "maple")
    there = another()
    done = there.run("restore", str(next(kept.to.glob("*-maple"))), *options)
    assert done.exit_code == 0, done.output

    for _ in range(2):
        with there.app.app_context(), as_district(world.maple.id):
            owed = Work.job.startswith("jobs.helpdesk.")
            works = db.session.scalars(select(Work.id).where(owed).order_by(Work.due_at)).all()
        with there.app.app_context():
            for work in works:
                run_work(str(world.maple.id), str(work))

    with there.app.app_context(), as_district(world.maple.id):
        (receipt,) = db.session.scalars(select(Message).where(Message.kind == "ticket_received"))
        assert receipt.state == state
        assert words in receipt.reason
        assert not db.session.scalar(select(Work.id).where(Work.job.startswith("jobs.helpdesk.")))


def test_one_district_comes_back_beside_others(kept: Kept, another: Another, world: World) -> None:
    there = another()
    there.run("restore", str(kept.folder), "--district", "birch")
    birch = rows(there.database, world.birch.id)

    done = there.run("restore", str(kept.folder / "maple.fobackup"))

    assert done.exit_code == 0, done.output
    assert rows(there.database, world.birch.id) == birch
    assert (
        rows(there.database, world.maple.id)["tickets"] == rows(kept.here.database, world.maple.id)["tickets"]
    )
    assert sign_in(PageClient(there.app), world.bell.email).status == 303
    assert sign_in(PageClient(there.app), world.quincy.email, slug="birch").status == 303


def test_a_district_that_is_here_already_is_not_touched(kept: Kept, world: World) -> None:
    before = rows(kept.here.database, world.maple.id)

    one = kept.here.run("restore", str(kept.folder), "--district", "maple")
    all_of_it = kept.here.run("restore", str(kept.folder))

    assert one.exit_code == all_of_it.exit_code == 1
    assert "“maple” is in this database already" in one.output
    assert "holds birch, maple already" in all_of_it.output
    assert rows(kept.here.database, world.maple.id) == before


def test_everything_can_be_put_back_as_it_was(kept: Kept, another: Another, world: World) -> None:
    there = another()
    there.run("restore", str(kept.folder))
    with there.database.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("delete from tickets")

    done = there.run("restore", str(kept.folder), "--replace-everything", "--yes")

    assert done.exit_code == 0, done.output
    assert (
        rows(there.database, world.maple.id)["tickets"] == rows(kept.here.database, world.maple.id)["tickets"]
    )


def test_checking_reads_all_of_it_and_writes_nothing(kept: Kept, another: Another) -> None:
    there = another()

    done = there.run("restore", str(kept.folder), "--check")

    assert done.exit_code == 0, done.output
    assert "maple: " in done.output
    assert there.database.tables() == []
    assert not there.settings.instance.exists()
