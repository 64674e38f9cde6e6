"""What a migration does that the code before it, or the people at work, might feel: read from its text."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.migrations.newest import VERSIONS

#: Operations and what of them breaks the code before, or holds a table for long.
_SQL = {
    r"drop\s+table\s+(?:if\s+exists\s+)?(\w+)": "drops a table",
    r"alter\s+table\s+(\w+)[^;]*\bdrop\s+column": "drops a column",
    r"alter\s+table\s+(\w+)[^;]*\brename\b": "renames",
    r"alter\s+table\s+(\w+)[^;]*\btype\s": "changes a type",
    r"alter\s+table\s+(\w+)[^;]*\bset\s+not\s+null": "forbids null",
    r"alter\s+table\s+(\w+)[^;]*\badd\s+column\b(?![^;]*\b(?:default|generated)\b)[^;]*\bnot\s+null": (
        "adds a column without default"
    ),
    r"alter\s+table\s+(\w+)[^;]*\badd\s+column\b[^;]*\bgenerated\b": "writes a table anew",
    r"alter\s+table\s+(\w+)[^;]*\badd\s+(?:constraint|check|unique|foreign)": "adds a constraint",
    r"create\s+(?:unique\s+)?index\s+(?!concurrently)(?:if\s+not\s+exists\s+)?\w*\s*on\s+(\w+)": "builds an index",
}
#: What the code before cannot live with. The rest only makes people wait.
BREAKS = {
    "drops a table",
    "drops a column",
    "renames",
    "changes a type",
    "forbids null",
    "adds a column without default",
    "adds a constraint",
}


class Migration:
    """One file of app/migrations/versions."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self._text = path.read_text(encoding="utf-8")
        self._tree = ast.parse(self._text)

    @property
    def told(self) -> dict[str, str]:
        """`RISKS = {"tickets: drops a column": "unused since 1.4.0"}` of the migration, if there is one."""
        for node in self._tree.body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "RISKS":
                return dict(ast.literal_eval(node.value))
        return {}

    def risks(self) -> set[str]:
        """ "table: what", for tables that were there before."""
        made = {str(_word(call, 0)) for call in self._calls("create_table")}
        return {
            f"{table}: {what}" for table, what in [*self._of_calls(), *self._of_sql()] if table not in made
        }

    def _of_calls(self) -> Iterator[tuple[str, str]]:
        for call in self._calls("drop_table", "rename_table", "drop_column", "add_column", "alter_column"):
            table, verb = _table(call, 0), _name(call)
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            if verb in {"drop_table", "drop_column"}:
                yield table, verb.replace("_", "s a ")
            elif verb == "rename_table" or "new_column_name" in named:
                yield table, "renames"
            elif verb == "add_column" and _refuses_null(call.args[1]):
                yield table, "adds a column without default"
            elif verb == "add_column" and "Computed" in ast.dump(call):
                yield table, "writes a table anew"
            if "type_" in named:
                yield table, "changes a type"
            if _is(named.get("nullable"), False):
                yield table, "forbids null"
        for call in self._calls("create_check_constraint", "create_unique_constraint", "create_foreign_key"):
            yield _table(call, 1), "adds a constraint"
        for call in self._calls("create_index"):
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            if _is(named.get("unique"), True):
                yield _table(call, 1), "adds a constraint"
            if not _is(named.get("postgresql_concurrently"), True):
                yield _table(call, 1), "builds an index"

    def _of_sql(self) -> Iterator[tuple[str, str]]:
        for call in self._calls("execute"):
            # a table that the text is put together with is told as {table}
            statement = "".join(_text(node) for node in call.args)
            for pattern, what in _SQL.items():
                for found in re.finditer(pattern, statement, re.IGNORECASE):
                    yield found[1], what

    def _calls(self, *verbs: str) -> Iterator[ast.Call]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and _name(node) in verbs and _of_op(node):
                yield node


def every_migration() -> list[Migration]:
    """All of them, the oldest first."""
    return [Migration(path) for path in sorted(VERSIONS.glob("[0-9]*.py"))]


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _of_op(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in {"op", "batch_op"}


def _word(call: ast.Call, at: int) -> object:
    word = call.args[at] if len(call.args) > at else None
    return word.value if isinstance(word, ast.Constant) else None


def _table(call: ast.Call, at: int) -> str:
    """The name, or {expression} where it is not written down in so many letters."""
    word = _word(call, at)
    return str(word) if word is not None else "{" + ast.unparse(call.args[at]) + "}"


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else re.sub(r"\W", "_", ast.unparse(part.value))
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    return ""


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _refuses_null(column: ast.expr) -> bool:
    if not isinstance(column, ast.Call):
        return True  # what cannot be read is not trusted
    named = {keyword.arg: keyword.value for keyword in column.keywords}
    has_default = (
        "server_default" in named or "Computed" in ast.dump(column) or "Identity" in ast.dump(column)
    )
    return _is(named.get("nullable"), False) and not has_default
