"""Every column says what it is, and every table how its rows are kept."""

from app.core.records import KINDS, every_model, keeping_of, kind_of


def test_every_column_is_declared_public_personal_or_private(app):
    undeclared = [
        f"{column.table.name}.{column.name}"
        for model in every_model()
        for column in model.__table__.columns
        if column.info.get("records") not in KINDS
    ]

    assert undeclared == []


def test_every_table_says_how_its_rows_are_kept(app):
    for model in every_model():
        keeping = keeping_of(model)
        assert all((keeping.whose, keeping.keep, keeping.erased)), model.__name__


def test_nothing_that_people_write_is_public(app):
    for model in every_model():
        for column in model.__table__.columns:
            if model.__tablename__ != "district_contacts" and column.name in {
                "text",
                "html",
                "text_html",
                "password_hash",
                "token_hash",
                "email",
                "to_address",
            }:
                assert kind_of(column) != "public", f"{column.table.name}.{column.name}"
