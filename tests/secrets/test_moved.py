"""What is sealed opens in its own row, column and district, and nowhere else: asked of every sealed column there is."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from app.core import resealing
from app.core.crypto import CannotOpen, sealed_columns, unseal
from app.core.db import Base, db
from app.core.records import every_model
from app.core.tenancy import as_district
from app.notices.models.mail_setting import MailSetting
from app.notices.models.text_setting import TextSetting
from app.rooms import every_model_is_known
from tests.cluster import TestDatabase
from tests.secrets.rows import make, models_with_secrets
from tests.world import World

every_model_is_known()
COLUMNS = [
    (model, attribute.column, attribute.name)
    for model in models_with_secrets()
    for attribute in sealed_columns(model).values()
]
NAMES = [f"{model.__tablename__}.{column}" for model, column, _ in COLUMNS]
ONE_A_DISTRICT = {MailSetting, TextSetting}


@dataclass
class Two:
    """Two rows of Maple and one of Birch, each with its secret."""

    mine: UUID
    other: UUID
    birchs: UUID


def planted(app: Flask, world: World, model: type[Base], name: str) -> Two:
    with app.app_context(), as_district(world.maple.id):
        mine = make(model, **{name: "the secret one"}).id
        other = mine if model in ONE_A_DISTRICT else make(model, **another(model), **{name: "another"}).id
        db.session.commit()
    with app.app_context(), as_district(world.birch.id):
        birchs = make(model, **{name: "the secret three"}).id
        db.session.commit()
    return Two(mine, other, birchs)


def another(model: type[Base]) -> dict[str, str]:
    """What a second row of the same district must have of its own."""
    return {"word": "microsoft"} if "word" in model.__table__.columns else {}


def kept(database: TestDatabase, model: type[Base], column: str, row: UUID) -> str:
    with database.connect() as connection:
        found = connection.execute(
            f"select {column} from {model.__tablename__} where id = %s", [row]
        ).fetchone()
    assert found is not None
    return str(found[0])


def test_there_are_as_many_as_are_known() -> None:
    by_hand = {
        (str(model.__tablename__), column.name)
        for model in every_model()
        for column in model.__table__.columns
        if column.name.endswith("_sealed")
    }

    assert {(str(model.__tablename__), column) for model, column, _ in COLUMNS} == by_hand
    assert len(COLUMNS) >= 7


@pytest.mark.parametrize(("model", "column", "name"), COLUMNS, ids=NAMES)
def test_in_its_own_place_it_opens(app: Flask, world: World, model: Any, column: str, name: str) -> None:
    two = planted(app, world, model, name)

    with app.app_context(), as_district(world.birch.id):
        assert getattr(db.session.get(model, two.birchs), name) == "the secret three"


@pytest.mark.parametrize("rotated", [False, True])
@pytest.mark.parametrize(("model", "column", "name"), COLUMNS, ids=NAMES)
def test_moved_to_another_row_or_district_it_does_not(
    app: Flask, world: World, database: TestDatabase, model: Any, column: str, name: str, rotated: bool
) -> None:
    if rotated:
        for place in (world.maple, world.birch):
            with app.app_context(), as_district(place.id):
                resealing.begin()
    two = planted(app, world, model, name)
    mine = kept(database, model, column, two.mine)
    targets = [(world.birch.id, two.birchs)]
    if two.other != two.mine:
        targets.append((world.maple.id, two.other))

    for district_id, row in targets:
        with database.connect() as connection:
            connection.execute(f"update {model.__tablename__} set {column} = %s where id = %s", [mine, row])
        with app.app_context(), as_district(district_id):
            moved = db.session.get(model, row)
            assert moved is not None
            with pytest.raises(CannotOpen):
                getattr(moved, name)


@pytest.mark.parametrize(("model", "column", "name"), COLUMNS, ids=NAMES)
def test_moved_to_any_other_sealed_column_it_does_not(
    app: Flask, world: World, database: TestDatabase, model: Any, column: str, name: str
) -> None:
    two = planted(app, world, model, name)
    mine = kept(database, model, column, two.mine)

    with app.app_context(), as_district(world.maple.id):
        place: dict[str, Any] = {"table": str(model.__tablename__), "row_id": two.mine, "column": column}
        assert unseal(mine, **place).startswith("the secret")
        for other, elsewhere, _ in COLUMNS:
            there = {**place, "table": str(other.__tablename__), "column": elsewhere}
            if there != place:
                with pytest.raises(CannotOpen):
                    unseal(mine, **there)
        with pytest.raises(CannotOpen):
            unseal(mine, **{**place, "column": "another"})


@pytest.mark.parametrize(("model", "column", "name"), COLUMNS, ids=NAMES)
def test_altered_in_one_letter_it_does_not(
    app: Flask, world: World, database: TestDatabase, model: Any, column: str, name: str
) -> None:
    two = planted(app, world, model, name)
    mine = kept(database, model, column, two.mine)
    at = len(mine) // 2
    altered = mine[:at] + ("A" if mine[at] != "A" else "B") + mine[at + 1 :]

    with app.app_context(), as_district(world.maple.id):
        db.session.execute(text("select 1"))
        with pytest.raises(CannotOpen):
            unseal(altered, table=str(model.__tablename__), row_id=two.mine, column=column)
