"""The file of a packet: tagged, indexed, the same for the same content, made once, and held by nobody else."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

import hashlib
import io
import shutil
import subprocess

import pikepdf
import pytest
from sqlalchemy import func, select

from app.core import quotas
from app.core.db import db
from app.integrations.typesetting.documents import (
    Document,
    Facts,
    print_document,
)
from app.notices.models.notice import Notice
from app.truancy.actions import packing
from app.truancy.actions.packet_document import document_of
from app.truancy.models.case_packet import DONE, CasePacket
from tests.integrations.test_typesetting import tags
from tests.truancy.packets import (  # noqa: F401 (fixtures)
    NOON,
    _noon,
    habitual,
    here,
    made,
    paper,
    pdf_of,
    ready,
    refusal,
)


def test_it_is_tagged_in_its_order_with_an_index_and_bookmarks(here):
    ready(here)
    packet = made(here)
    pdf = pdf_of(packet)
    order = [kind for kind, _ in tags(pdf)]

    with pikepdf.open(io.BytesIO(pdf)) as document:
        marks = [one.title for one in document.open_outline().root]
        assert len(document.pages) == packet.pages
        assert document.Root.MarkInfo.Marked
        assert b"<pdfuaid:part>1</pdfuaid:part>" in document.Root.Metadata.read_bytes()
    assert marks[0] == "Referral to the attendance review board: Ana Salas"
    assert marks[-13:] == [one.title for one in document_of(packet).sections]
    # The title, the cover, the index, then each section under a heading of its own.
    at_first, index, *sections = [at for at, kind in enumerate(order) if kind == "/H1"]
    assert at_first < index < order.index("/TOC") < sections[0]
    assert len(sections) == 13
    assert order.count("/TOCI") >= 14
    assert order[sections[2] :].index("/Table") < order[sections[2] :].index("/H1", 1)
    assert "/TH" in order
    assert "es" in {spoken for _, spoken in tags(pdf)}


def test_the_index_leads_to_the_printed_letter_which_is_tagged_in_the_order_of_a_letter(here):
    ready(here)
    (notice,) = db.session.scalars(select(Notice)).all()
    pdf = pdf_of(made(here))
    title = f"Letter {notice.code}, as it was printed"

    with pikepdf.open(io.BytesIO(pdf)) as document:
        page_of = {page.obj.objgen: at for at, page in enumerate(document.pages)}

        def all_of(items):
            for one in items:
                yield one
                yield from all_of(one.children)

        (mark,) = [one for one in all_of(document.open_outline().root) if one.title == title]
        where = page_of[mark.destination[0].objgen]
        named = dict(pikepdf.NameTree(document.Root.Names.Dests))
        found = [note.Dest for page in document.pages for note in page.get("/Annots", []) if "/Dest" in note]
        places = [one if isinstance(one, pikepdf.Array) else named[str(one)] for one in found]
        links = [page_of[one[0].objgen] for one in places]
        assert where in links
    elements = tags(pdf)
    # The heading that the index names, what it is, sender, address, the square; then one language after the other.
    square = elements.index(("/Figure", notice.code))
    assert "/H2" in [kind for kind, _ in elements[square - 12 : square]]
    after = [spoken for kind, spoken in elements[square:] if kind in ("/H3", "/P") and spoken]
    assert after[0] == "es"


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="no qpdf on this machine")
def test_qpdf_finds_nothing_wrong(here, tmp_path):
    ready(here)
    file = tmp_path / "packet.pdf"
    file.write_bytes(pdf_of(made(here)))

    assert subprocess.run(["qpdf", "--check", file], check=False, capture_output=True).returncode == 0


def test_its_hash_is_that_of_the_file_and_the_same_content_gives_it_again(here):
    ready(here)
    packet = made(here)

    assert hashlib.sha256(pdf_of(packet)).hexdigest() == packet.sha256
    assert len(pdf_of(packet)) == packet.size
    document = Document("A", (Facts((("a", "b"),)),), (), "foot")
    assert print_document(document, "us", NOON).pdf == print_document(document, "us", NOON).pdf


def test_asked_for_and_made_twice_it_is_one(here):
    wanted = paper(here, despite="They asked for it.")
    once = packing.ask(wanted, by=here.world.cora.account())
    again = packing.ask(
        CasePacket(id=wanted.id, duty_id=here.duty, reason="Again"), by=here.world.cora.account()
    )
    db.session.commit()
    assert once.id == again.id
    packing.make(once.id)
    db.session.commit()
    key = CasePacket.find(once.id).storage_key
    packing.make(once.id)

    assert CasePacket.find(once.id).storage_key == key
    assert db.session.scalar(select(func.count()).select_from(CasePacket)) == 1


def test_killed_between_its_steps_it_is_made_the_next_time(here, monkeypatch):
    packet = packing.ask(paper(here, despite="They asked for it."), by=here.world.cora.account())
    db.session.commit()

    def killed(*_):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(packing, "document_of", killed)
        with pytest.raises(SystemExit):
            packing.make(packet.id)
        db.session.rollback()
    assert CasePacket.find(packet.id).state == "setting"
    packing.make(packet.id)

    assert CasePacket.find(packet.id).state == DONE


def test_where_there_is_no_room_nothing_is_asked_for(here, monkeypatch):
    monkeypatch.setattr(quotas, "is_reached", lambda quota: quota is quotas.STORED)

    assert refusal(here, despite="All the same.") == packing.NO_ROOM
