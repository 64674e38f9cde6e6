"""Dates of birth are taken in only while something asks for an age: a room says on its card whether it does."""

from flask import current_app


def are_wanted() -> bool:
    """True if any room needs them in the district that is open."""
    return any(room.wants_births() for room in current_app.extensions.get("rooms", ()))
