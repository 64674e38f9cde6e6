"""Nothing of ours opens a connection but core/egress.py, and no host stands in the code but the registry's."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.services import SERVICES

HOUSE = Path(__file__).parents[2]
DOOR = "app/core/egress.py"

#: Modules with which code can reach another machine; a listener, a parser and a checker need parts of some.
REACHING = frozenset(
    {"socket", "ssl", "http.client", "urllib.request", "ftplib", "smtplib", "poplib", "imaplib", "nntplib"}
    | {"telnetlib", "xmlrpc.client", "socketserver", "asyncio", "httpx", "httpcore", "requests", "urllib3"}
    | {"httplib2", "aiohttp", "aiosmtpd", "twilio", "googleapiclient", "google", "boto3", "botocore", "dns"}
    | {"paramiko", "websocket", "websockets", "pycurl"}
)

#: What else imports one of them, and why that opens no connection to another machine.
KNOWN = {
    ("jobs/mail_door.py", "aiosmtpd"): "listens",
    ("jobs/mail_door.py", "asyncio"): "listens",
    ("app/core/bucket.py", "botocore"): "signs; egress carries what it signed",
    ("app/integrations/mailbox/smtp.py", "smtplib"): "speaks on a connection that egress opened",
    ("app/integrations/sftp/session.py", "paramiko"): "speaks on a connection that egress opened",
    ("app/integrations/twilio/sdk.py", "twilio"): "speaks through the client that egress handed it",
    (
        "app/integrations/google_mail/library.py",
        "googleapiclient",
    ): "speaks through the client that egress handed it",
    ("app/integrations/google_mail/library.py", "httplib2"): "makes the answer that the library reads",
    ("app/integrations/twilio/hearing.py", "twilio"): "checks signatures",
}

#: The start-up on one machine looks at its own ports before there is an app.
OWN_MACHINE = ("app/laptop/",)

CALLS_OUT = frozenset({"create_connection", "urlopen", "open_connection", "connect_ex", "sendto"})

ADDRESS = re.compile(r"\b(?:https?|wss?|ftp|smtps?)://([a-z0-9][a-z0-9.-]*\.[a-z]{2,})", re.IGNORECASE)


def sources() -> list[str]:
    return sorted(
        str(path.relative_to(HOUSE)) for folder in ("app", "jobs") for path in (HOUSE / folder).rglob("*.py")
    )


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Call) and _name(node.func) in {"import_module", "__import__"} and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def reaching(name: str) -> str | None:
    return next((one for one in REACHING if name == one or name.startswith(one + ".")), None)


def faults(path: str, text: str) -> list[str]:
    if path == DOOR or path.startswith(OWN_MACHINE):
        return []
    tree = ast.parse(text)
    found = [
        f"{path} imports {name}"
        for name in sorted(set(filter(None, map(reaching, imported(tree)))))
        if (path, name) not in KNOWN
    ]
    found += [
        f"{path} line {node.lineno} calls {_name(node.func)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) in CALLS_OUT
    ]
    return found


def test_only_egress_opens_a_connection() -> None:
    found = [fault for path in sources() for fault in faults(path, (HOUSE / path).read_text())]

    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "import httpx",
        "import http.client as quiet",
        "from urllib import request",
        "from urllib.request import urlopen",
        "def late():\n    from socket import create_connection",
        "import importlib\nimportlib.import_module('requests')",
        "__import__('smtplib')",
        "from app.core.egress import socket\nsocket.create_connection(('a', 1))",
        "import twilio.rest",
        "def late():\n    import paramiko",
    ],
)
def test_every_way_round_it_is_seen(text: str) -> None:
    assert faults("app/helpdesk/actions/intake.py", text)


def test_every_exception_is_still_needed() -> None:
    for path, name in KNOWN:
        if (HOUSE / path).exists():
            assert reaching(name) in set(map(reaching, imported(ast.parse((HOUSE / path).read_text())))), path


def test_no_host_stands_in_the_code_but_the_registrys() -> None:
    """Templates, scripts and code: whatever a browser or a server could be sent to."""
    known = {host for one in SERVICES for host in (*one.hosts, *one.proposed)}
    known |= {match[1] for one in SERVICES if one.link for match in ADDRESS.finditer(one.link)}
    found = set()
    for folder in ("app", "jobs"):
        for path in (HOUSE / folder).rglob("*"):
            if path.suffix in {".py", ".html", ".js", ".css", ".svg", ".txt"} and "vendor" not in path.parts:
                text = path.read_text(encoding="utf-8")
                found |= {
                    (match[1].lower(), str(path.relative_to(HOUSE))) for match in ADDRESS.finditer(text)
                }

    strangers = {(host, path) for host, path in found if host not in known and not _is_nowhere(host)}
    assert strangers == set()


def _is_nowhere(host: str) -> bool:
    """Names that no machine has (RFC 2606), and names of the SVG language and of scopes, which are never fetched."""
    return host in {"example.org", "example.com", "www.w3.org", "purl.imsglobal.org"} or host.endswith(
        (".example", ".example.org", ".example.com", ".test", ".invalid")
    )


@pytest.mark.parametrize("path", ["wsgi.py", "jobs/worker.py", "jobs/mail_door.py", "jobs/schedule.py"])
def test_every_process_shuts_its_other_doors(path: str) -> None:
    calls = [node for node in ast.walk(ast.parse((HOUSE / path).read_text())) if isinstance(node, ast.Call)]

    assert [_name(call.func) for call in calls].count("shut_other_doors") == 1
