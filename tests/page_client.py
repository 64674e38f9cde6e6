"""A browser without pictures: gets and posts, and reads each page as a careful person would."""

import uuid
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any, Protocol, Self
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask
from werkzeug.test import TestResponse

from app.core import sessions
from app.core.db import db
from app.core.tenancy import as_district
from app.web import csrf

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
NEEDS_NO_LABEL = frozenset({"hidden", "submit", "button", "reset", "image"})


class Somewhere(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def slug(self) -> str: ...


class Somebody(Protocol):
    """Whoever can sign in: one of the cast of tests/world.py."""

    @property
    def id(self) -> UUID: ...
    @property
    def district(self) -> Somewhere: ...


class Element:
    """One element of a page, with what lies in it."""

    def __init__(self, tag: str, attributes: Mapping[str, str], parent: "Element | None") -> None:
        self.tag, self.attributes, self.parent = tag, dict(attributes), parent
        self.children: list[Element | str] = []

    def __iter__(self) -> Iterator["Element"]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    @property
    def text(self) -> str:
        return " ".join("".join(self._words()).split())

    def _words(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in {"script", "style", "template"}:
                yield from child._words()

    def all(self, tag: str | None = None, **attributes: str) -> list["Element"]:
        """Elements by tag and exact attributes; class_ asks for one class, other_names become other-names."""
        return [one for one in self if one.matches(tag, attributes)]

    def one(self, tag: str | None = None, **attributes: str) -> "Element":
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} elements are {tag or 'any'} {attributes}"
        return found[0]

    def matches(self, tag: str | None, attributes: Mapping[str, str]) -> bool:
        if tag is not None and self.tag != tag:
            return False
        for name, value in attributes.items():
            if name == "class_":
                if value not in self.attributes.get("class", "").split():
                    return False
            elif self.attributes.get(name.rstrip("_").replace("_", "-")) != value:
                return False
        return True

    def within(self, tag: str) -> bool:
        return self.parent is not None and (self.parent.tag == tag or self.parent.within(tag))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        at: Element | None = self.here
        while at is not None and at.tag != tag:
            at = at.parent
        if at is not None and at.parent is not None:
            self.here = at.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


def read(html: str) -> Element:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root


class Page:
    """An answer, and what is on it if it is HTML."""

    def __init__(self, response: TestResponse, path: str) -> None:
        self.response, self.path = response, path
        self.status: int = response.status_code
        self.headers = response.headers
        self.is_html = response.mimetype == "text/html"
        self.html = response.get_data(as_text=True) if self.is_html else ""
        self.body = read(self.html)
        self.is_whole = "<html" in self.html[:400].lower()

    def __repr__(self) -> str:
        return f"<Page {self.status} {self.path}: {self.text[:200]}>"

    @property
    def text(self) -> str:
        return self.body.text

    @property
    def data(self) -> bytes:
        return self.response.get_data()

    @property
    def title(self) -> str:
        return self.body.one("title").text

    @property
    def h1(self) -> str:
        return self.body.one("h1").text

    @property
    def location(self) -> str:
        """Where a redirect leads, without the host."""
        parts = urlsplit(self.headers["Location"])
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def all(self, tag: str | None = None, **attributes: str) -> list[Element]:
        return self.body.all(tag, **attributes)

    def one(self, tag: str | None = None, **attributes: str) -> Element:
        return self.body.one(tag, **attributes)

    def form(self, action: str | None = None) -> Element:
        """The form that posts there; without a word, the only one of the page's main part."""
        forms = [one for one in self.all("form") if one.get("method") == "post"]
        if action is None:
            inner = [one for one in forms if one.within("main")]
            forms = inner or forms
        else:
            forms = [one for one in forms if (one.get("action") or self.path).split("?")[0].endswith(action)]
        assert len(forms) == 1, f"{len(forms)} forms post to {action or 'anywhere'} on {self.path}"
        return forms[0]

    def faults(self) -> list[str]:
        """What a screen reader, a keyboard or a browser would stumble over."""
        found = []
        if self.is_whole:
            for tag in ("h1", "main", "title"):
                if len(self.all(tag)) != 1 or not self.all(tag)[0].text:
                    found.append(f"{len(self.all(tag))} {tag}, or an empty one")
            if not self.all("html")[0].get("lang"):
                found.append("no language")
        ids = [one["id"] for one in self.body if one.get("id")]
        found += [f"id {name} twice" for name in sorted({name for name in ids if ids.count(name) > 1})]
        labelled = {one.get("for") for one in self.all("label") if one.text}
        for one in self.body:
            named = one.get("aria-label") or one.get("aria-labelledby") or one.get("title")
            if one.tag in {"input", "select", "textarea"} and one.get("type") not in NEEDS_NO_LABEL:
                if not (named or one.get("id") in labelled or one.within("label")):
                    found.append(f"no label for {one.get('name')}")
            elif one.tag in {"button", "a"} and (one.tag == "button" or one.get("href") is not None):
                if not (named or one.text or any(img.get("alt") for img in one.all("img"))):
                    found.append(f"a nameless {one.tag} ({one.attributes})")
            elif one.tag == "img" and one.get("alt") is None:
                found.append(f"a picture without alt ({one.get('src')})")
            if one.tag == "style" or one.get("style") is not None:
                found.append(f"an inline style on {one.tag}")
            if any(name.startswith("on") for name in one.attributes):
                found.append(f"an inline script on {one.tag}")
        return found


class PageClient:
    """One browser. Paths are whole, the district's slug included: client.get("/maple/tickets")."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.browser = app.test_client()
        self._csrf: dict[str, str] = {}

    def sign_in(self, who: Somebody) -> Self:
        """As after the sign-in page: a session row, and its cookie in this browser."""
        place = who.district
        with self.app.app_context(), as_district(place.id):
            row, token = sessions.begin(who.id, "PageClient")
            self._csrf[place.slug] = row.csrf
            db.session.commit()
        self.browser.set_cookie(f"fo_{place.slug}", token)
        return self

    def sign_out(self) -> Self:
        """Forget every cookie, as a closed browser would."""
        self.browser = self.app.test_client()
        self._csrf.clear()
        return self

    def get(self, path: str, *, htmx: bool = False, status: int | None = None, **kwargs: Any) -> Page:
        return self._ask("GET", path, htmx, status, kwargs)

    def post(
        self,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        htmx: bool = False,
        status: int | None = None,
        **kwargs: Any,
    ) -> Page:
        """Post fields by hand; the token of a signed-in browser is put in, unless the fields have one."""
        fields = dict(data or {})
        if "csrf_token" not in fields and (token := self.csrf_token(path)):
            fields["csrf_token"] = token
        fields.setdefault("once", str(uuid.uuid4()))
        return self._ask("POST", path, htmx, status, {**kwargs, "data": fields})

    def submit(
        self,
        page: Page,
        action: str | None = None,
        *,
        htmx: bool = False,
        status: int | None = None,
        **fields: Any,
    ) -> Page:
        """Fill the form on a page and send it, hidden fields and all, as a browser would."""
        form = page.form(action)
        return self._ask(
            "POST", form.get("action") or page.path, htmx, status, {"data": {**filled_in(form), **fields}}
        )

    def follow(self, page: Page) -> Page:
        """Where a redirect leads."""
        assert page.status in {301, 302, 303}, page
        return self.get(page.location)

    def csrf_token(self, path: str) -> str | None:
        raw = self._csrf.get(path.split("/")[1])
        return csrf.masked(raw) if raw is not None else None

    def _ask(self, method: str, path: str, htmx: bool, status: int | None, kwargs: dict[str, Any]) -> Page:
        headers = dict(kwargs.pop("headers", {}))
        if htmx:
            headers["HX-Request"] = "true"
        if method == "POST":
            headers.setdefault("Origin", "http://localhost")
        page = Page(self.browser.open(path, method=method, headers=headers, buffered=True, **kwargs), path)
        if status is not None:
            assert page.status == status, f"{page.status} instead of {status}: {page!r}"
        if page.is_html and not 300 <= page.status < 400:
            faults = page.faults()
            assert not faults, f"{method} {path}: {'; '.join(faults)}\n{page.html}"
        return page


def filled_in(form: Element) -> dict[str, Any]:
    """What a browser would send of a form that nobody has touched."""
    fields: dict[str, Any] = {}
    for one in form:
        name, kind = one.get("name"), one.get("type")
        if not name or one.get("disabled") is not None:
            continue
        if one.tag == "textarea":
            fields[name] = "".join(child for child in one.children if isinstance(child, str)).removeprefix(
                "\n"
            )
        elif one.tag == "select":
            options = one.all("option")
            chosen = [option for option in options if option.get("selected") is not None] or options[:1]
            fields[name] = next((option.get("value") or option.text for option in chosen), "")
            if chosen and chosen[0].get("value") is not None:
                fields[name] = chosen[0]["value"]
        elif one.tag == "input" and kind in {"checkbox", "radio"}:
            if one.get("checked") is not None:
                fields[name] = one.get("value") or "on"
        elif one.tag == "input" and kind not in {"submit", "button", "file", "reset", "image"}:
            fields[name] = one.get("value") or ""
    return fields
