"""Google's own description of its Directory API: what it refuses, and what its answers may hold."""

import json
import re
from functools import cache
from importlib import resources
from typing import Any

import jsonschema


class Refused(Exception):
    def __init__(self, status: int, body: dict[str, Any], **headers: str) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


def google_error(status: int, reason: str) -> dict[str, Any]:
    listed = [{"domain": "global", "reason": reason, "message": "as Google says it"}]
    return {"error": {"code": status, "message": "as Google says it", "errors": listed}}


@cache
def discovery() -> dict[str, Any]:
    """What Google publishes of the API, as the client library carries it."""
    place = resources.files("googleapiclient") / "discovery_cache/documents/admin.directory_v1.json"
    return dict(json.loads(place.read_text()))


@cache
def _schema(name: str) -> Any:
    """The description of an answer as a JSON Schema that allows nothing else."""

    def plain(said: Any) -> Any:
        if isinstance(said, list):
            return [plain(one) for one in said]
        if not isinstance(said, dict):
            return said
        if "$ref" in said:
            return {"$ref": f"#/$defs/{said['$ref']}"}
        kept = {key: plain(value) for key, value in said.items() if key in {"type", "items", "enum"}}
        if kept.get("type") == "any":
            return {}
        if "properties" in said:
            kept["properties"] = {key: plain(value) for key, value in said["properties"].items()}
            kept["additionalProperties"] = False
        return kept

    schemas = {key: plain(value) for key, value in discovery()["schemas"].items()}
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schemas})


def described(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The same, if Google describes such an answer."""
    _schema(name).validate(body)
    return body


def refuse_what_google_would(resource: str, query: dict[str, str]) -> None:
    method = discovery()["resources"][resource]["methods"]["list"]
    known = method["parameters"] | discovery()["parameters"]
    for name, value in query.items():
        assert name in known, f"Google knows no parameter {name} of {method['id']}."
        of = known[name]
        is_wrong = (
            (
                of["type"] == "integer"
                and not int(of.get("minimum", 0)) <= int(value) <= int(of.get("maximum", 200))
            )
            or ("enum" in of and value not in of["enum"])
            or (name == "pageToken" and not re.fullmatch(r"at-\d+", value))
        )
        if is_wrong:
            raise Refused(400, google_error(400, "invalid"))


def fields_of(body: Any, asked: str | None) -> Any:
    """What a partial answer has of it: https://developers.google.com/workspace/admin/directory/v1/guides/performance."""
    if not asked:
        return body
    if isinstance(body, list):
        return [fields_of(one, asked) for one in body]
    kept: dict[str, Any] = {}
    for name, within in re.findall(r"(\w+)(?:\(((?:[^()]|\([^()]*\))*)\))?", asked):
        if name in body:
            kept[name] = fields_of(body[name], within) if within else body[name]
    return kept
