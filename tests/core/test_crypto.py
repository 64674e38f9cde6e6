"""What is sealed opens only in its own place, and only while the district's key is there."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.core import crypto
from app.core.across_districts import session as across
from app.core.db import db, uuid7
from app.core.directory import District, forget_directory
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.notices.models.mail_setting import MailSetting

PLACE = {"table": "mail_settings", "column": "password_sealed"}


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world.maple


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plain=st.text())
def test_what_is_sealed_opens_again(maple, plain):
    row = uuid7()

    assert crypto.unseal(crypto.seal(plain, row_id=row, **PLACE), row_id=row, **PLACE) == plain


@pytest.mark.parametrize("moved", ["row", "column", "table", "district"])
def test_a_moved_ciphertext_does_not_open(maple, world, moved):
    row = uuid7()
    sealed = crypto.seal("a secret", row_id=row, **PLACE)
    there: dict[str, object] = {"row_id": row, **PLACE}
    elsewhere: dict[str, dict[str, object]] = {
        "row": {"row_id": uuid7()},
        "column": {"column": "username"},
        "table": {"table": "accounts"},
        "district": {"district_id": world.birch.id},
    }
    there |= elsewhere[moved]

    with pytest.raises(crypto.CannotOpen):
        crypto.unseal(sealed, **there)


def test_a_sealed_column_holds_no_plain_text(maple):
    setting = db.session.query(MailSetting).first() or MailSetting()
    setting.password = "correct horse battery"
    db.session.add(setting)
    db.session.commit()

    stored = db.session.scalar(text("select password_sealed from mail_settings"))
    assert "correct" not in stored
    assert setting.password == "correct horse battery"


def test_rotation_rewraps_and_everything_still_opens(maple, world):
    row = uuid7()
    sealed = crypto.seal("a secret", row_id=row, **PLACE)
    before = get_settings()
    ring = (("newest", bytes(range(32))), *before.master_keys)
    use_settings(dataclasses.replace(before, master_keys=ring))
    try:
        with across() as every:
            assert crypto.rewrap(every) >= 2
        forget_directory()
        assert crypto.unseal(sealed, row_id=row, **PLACE) == "a secret"
        with across() as every:
            assert every.get(District, world.maple.id).data_key.split(".")[1] == "newest"
            assert crypto.rewrap(every) == 0
    finally:
        use_settings(before)
        crypto.unwrap.cache_clear()


def test_without_its_data_key_a_district_is_unreadable(maple, world):
    row = uuid7()
    sealed = crypto.seal("a secret", row_id=row, **PLACE)
    with across() as every:
        every.get(District, world.maple.id).data_key = None
    forget_directory()

    with pytest.raises(crypto.CannotOpen):
        crypto.unseal(sealed, row_id=row, **PLACE)


def test_a_code_is_ours_for_exactly_these_parts(maple, world):
    code = crypto.mac("reply", "ticket", "person")

    assert crypto.mac_ok(code, "reply", "ticket", "person")
    assert crypto.mac_ok(code.upper(), "reply", "ticket", "person"), "mail servers change the case"
    assert not crypto.mac_ok(code, "reply", "ticketperson", "")
    assert not crypto.mac_ok(code, "bounce", "ticket", "person")
    assert not crypto.mac_ok(code[:-1] + ("a" if code[-1] != "a" else "b"), "reply", "ticket", "person")
    assert not crypto.mac_ok("", "reply", "ticket", "person")
    with as_district(world.birch.id):
        assert not crypto.mac_ok(code, "reply", "ticket", "person")


def test_a_blind_index_finds_within_its_district_only(maple, world):
    mine = crypto.blind_index("Ana@Maple.example ")

    assert mine == crypto.blind_index("ana@maple.example")
    with as_district(world.birch.id):
        assert crypto.blind_index("ana@maple.example") != mine


def test_keys_in_hand_seal_and_code_as_the_keys_do(maple):
    keys, row = crypto.KeysInHand(), uuid7()

    assert (
        crypto.unseal(keys.seal("ana@example.com", row_id=row, **PLACE), row_id=row, **PLACE)
        == "ana@example.com"
    )
    assert keys.blind_index(" Ana@Example.com") == crypto.blind_index("ana@example.com")
    assert keys.mac("roster student", "1001") == crypto.mac("roster student", "1001")
