"""Schools and staff from a OneRoster server: REST, 1.1 and 1.2. Facts of the binding: 1EdTech OneRoster 1.2 Rostering.

Two collections are asked for, /orgs and /users, and where classes are taken in four more; no demographics, no results.
Real servers clamp the limit, tell no total and no next link, and know some of sort and fields. So:

- the next question begins after as many records as came, and the last is the one that is answered with none;
- `href` and links are never followed: every address is made of the one that an admin typed;
- what a server refuses to sort or to choose by is asked for plainly from then on;
- where a total is told and fewer came, it was no whole read; where it changed meanwhile, absence counts for nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from app.core import asking, egress
from app.core.asking import Said
from app.core.feed import (
    Enrollment,
    FedCourses,
    FedEnrollments,
    FedSchool,
    FedTerms,
    Item,
    Remark,
    Rule,
    Unreadable,
    WholeRead,
)
from app.core.fetching import CLASSES, FAMILIES, YES, Page, Place, Settings
from app.core.services import ONEROSTER
from app.core.spool import NEVER_STORED
from app.integrations.oneroster.classes import Words
from app.integrations.oneroster.keys import SERVER, WRONG_KEY, Key, key_of
from app.integrations.oneroster.people import LONGEST, People, Role, left, rank
from app.integrations.oneroster.presets import METHODS, TO_REPLACE

#: Records asked for at once. A server may give fewer.
LIMIT: Final = 500
#: What every server grants.
PLAIN_LIMIT: Final = 100
#: How a question is asked: each step leaves out what a server has refused.
STEPS: Final = ("fields and sort", "sort", "", "the standard's limit")
MOST_RECORDS: Final = 2_000_000
#: Seconds that a whole answer may take; a large page is made slowly.
LONGEST_ANSWER: Final = 60.0
LONGEST_TRIAL: Final = 8.0
LARGEST_ANSWER: Final = 25 * 1024 * 1024

WHAT: Final = ("orgs", "users")
#: Asked for after those, only where classes are taken in.
OF_CLASSES: Final = ("academicSessions", "courses", "classes", "enrollments")
#: 1.0 said "inactive".
_GONE: Final = frozenset({"tobedeleted", "inactive"})
_COMMON: Final = ("sourcedId", "status")
_FIELDS: Final = {
    ("orgs", "v1p1"): (*_COMMON, "name", "type"),
    ("orgs", "v1p2"): (*_COMMON, "name", "type"),
    ("users", "v1p1"): (*_COMMON, "enabledUser", "givenName", "familyName", "email", "role", "orgs"),
    ("users", "v1p2"): (
        *_COMMON,
        "enabledUser",
        "givenName",
        "familyName",
        "preferredFirstName",
        "preferredLastName",
        "email",
        "roles",
        "primaryOrg",
    ),
}
_FIELDS_OF_CLASSES: Final = {
    "academicSessions": (*_COMMON, "startDate", "endDate"),
    "courses": (*_COMMON, "title"),
    "classes": (*_COMMON, "title", "classCode", "classType", "course", "school", "terms", "periods"),
    "enrollments": (*_COMMON, "role", "primary", "user", "class", "beginDate", "endDate"),
}
#: Asked for only where students and families are taken in.
_OF_FAMILIES: Final = {
    "v1p1": ("identifier", "grades", "agents", "sms", "phone"),
    "v1p2": ("identifier", "grades", "agents", "sms", "phone", "userMasterIdentifier"),
}


class OneRosterRest:
    """The connector. Settings: address, method, client_id, token_address."""

    service = ONEROSTER

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        method = settings.get("method", "")
        needed = {"the address": settings.get("address"), "how it knows us": method in METHODS}
        if method != "bearer":
            needed["the key"] = settings.get("client_id")
        if method == "oauth2":
            needed["the address for tokens"] = settings.get("token_address")
        return " and ".join(what for what, value in needed.items() if not value)

    def hosts(self, settings: Settings) -> Sequence[str]:
        """Of both addresses; the second only where a token is asked for."""
        needs_tokens = settings.get("method") == "oauth2"
        addresses = [settings.get("address", ""), settings.get("token_address", "") if needs_tokens else ""]
        for address in addresses:
            if left := next((word for word in TO_REPLACE if word in address), ""):
                raise egress.OutsideRefused(f"Replace {left} in the address by what it is in your district.")
        if {"?", "#"} & set(addresses[0]):
            raise egress.OutsideRefused(
                "The address of OneRoster ends before the question mark: it mostly ends in v1p1 or v1p2."
            )
        return tuple(dict.fromkeys(egress.host_named(address) for address in addresses if address))

    def opened(self, settings: Settings, secret: str, *, today: date) -> "Asking":
        """Ready to be asked."""
        base = settings["address"].rstrip("/")
        version = "v1p2" if "v1p2" in urlsplit(base).path else "v1p1"
        key = key_of(settings, secret, version=version)
        families = settings.get(FAMILIES) == YES
        classes = Words(students=families) if settings.get(CLASSES) == YES else None
        return Asking(base, version, key, today, People(families, roles_apart=True), classes)


@dataclass
class Asking:
    """One server, while it is asked."""

    base: str
    version: str
    key: Key
    today: date
    people: People
    #: None where classes are passed over.
    classes: Words | None = None

    @property
    def wanted(self) -> Sequence[str]:
        """The collections that are asked for, in their order."""
        return WHAT if self.classes is None else (*WHAT, *OF_CLASSES)

    def pages(self, place: Place) -> Iterator[Page]:
        """All orgs, then all users; then what classes are made of."""
        at = At(**place)
        with self._client() as client:
            while True:
                records, total = self._asked(client, at)
                items = self._items(at, records)
                at.take(records, total)
                if items:
                    expected = at.expected if at.what == self.wanted[-1] else None
                    yield Page(items=items, then=at.told(), received=at.received, expected=expected)
                    continue
                at.refuse_if_short()
                if at.what != self.wanted[-1]:
                    at = at.next(self.wanted)
                    continue
                yield Page(
                    items=at.remarks(),
                    then=WholeRead(
                        not at.has_moved and not at.nameless,
                        has_all_classes=self.classes is not None and not at.are_classes_in_doubt,
                    ),
                    received=at.received,
                    expected=at.received,
                )
                return

    def try_out(self) -> str:
        """One record of each. Somebody is waiting, so nobody is given long."""
        with self._client(LONGEST_TRIAL) as client:
            for what in self.wanted:
                self._asked(client, At(what=what), limit=1)
        classes = ", classes and enrollments" if self.classes is not None else ""
        return f"It answers, and the key may read schools{classes} and users."

    def _client(self, longest: float = LONGEST_ANSWER) -> egress.Client:
        return egress.http_client(
            ONEROSTER, timeout=min(longest, egress.LONGEST_CALL), longest=longest, largest=LARGEST_ANSWER
        )

    def _asked(
        self, client: egress.Client, at: "At", limit: int | None = None
    ) -> tuple[list[Mapping[str, Any]], int | None]:
        """The records from there on, and how many there are if that is told."""
        answer = self._called(client, at, limit)
        while answer.status in (400, 422) and at.step + 1 < len(STEPS):
            at.step += 1
            answer = self._called(client, at, limit)
        _refuse_unless_good(answer, at.what)
        records = answer.body.get(at.what)
        if not isinstance(records, list):
            raise Unreadable(
                f"The server answered with something that is not OneRoster: a list of {at.what} was missing."
            )
        # What is no record is one without an id: it counts, since the next page begins after it.
        return [one if isinstance(one, dict) else {} for one in records], _total(answer)

    def _called(self, client: egress.Client, at: "At", limit: int | None) -> Said:
        address = f"{self.base}/{at.what}?{self._question(at, limit)}"
        answer = self._signed(client, address)
        if answer.status == 401 and self.key.renew():
            # Tokens end while thousands of pages are read. A new one is asked for once.
            answer = self._signed(client, address)
        return answer

    def _signed(self, client: egress.Client, address: str) -> Said:
        headers = {"Accept": "application/json", **self.key.sign(client, address)}
        return asking.ask(client, SERVER, "GET", address, headers=headers, none_stays=True)

    def _question(self, at: "At", limit: int | None) -> str:
        asked: dict[str, str | int] = {
            "limit": limit or (PLAIN_LIMIT if at.step == 3 else LIMIT),
            "offset": at.offset,
        }
        if at.step < 2:
            asked |= {"sort": "sourcedId", "orderBy": "asc"}
        if at.step < 1:
            families = _OF_FAMILIES[self.version] if at.what == "users" and self.people.families else ()
            fields = _FIELDS_OF_CLASSES.get(at.what) or _FIELDS[at.what, self.version]
            asked["fields"] = ",".join((*fields, *families))
        return urlencode(asked, quote_via=quote)

    def _items(self, at: "At", records: Sequence[Mapping[str, Any]]) -> list[Item]:
        if at.what in OF_CLASSES:
            return self._of_classes(at, records)
        read = self._school if at.what == "orgs" else self._person
        return [read((at.what, at.offset + nth), record) for nth, record in enumerate(records, start=1)]

    def _of_classes(self, at: "At", records: Sequence[Mapping[str, Any]]) -> list[Item]:
        assert self.classes is not None
        words = self.classes
        if at.what == "academicSessions":
            terms = [words.term(_of(one, "startDate", "endDate")) for one in records]
            return [FedTerms(terms)] if terms else []
        if at.what == "courses":
            courses = [words.course([_text(one, "sourcedId"), _text(one, "title")]) for one in records]
            return [FedCourses(courses)] if courses else []
        items: list[Item] = []
        rows: list[Enrollment] = []
        for nth, record in enumerate(records, start=1):
            where = (at.what, at.offset + nth)
            if at.what == "classes":
                items.append(words.class_(where, _class_row(record)))
                continue
            row = _enrollment_row(record)
            found = words.enrollment(row)
            if isinstance(found, tuple):
                rows.append(found)
            else:
                items.append(left(where, row[0][:255], found))
        return [FedEnrollments(rows), *items] if rows else items

    def _school(self, where: tuple[str, int], org: Mapping[str, Any]) -> Item:
        key, name = _text(org, "sourcedId"), _text(org, "name")
        if not key:
            return left(where, "", Rule.NO_ID)
        if _text(org, "type").lower() != "school" or _text(org, "status").lower() in _GONE:
            return left(where, key[:255], Rule.NOT_A_SCHOOL)
        if not name:
            return left(where, key[:255], Rule.NO_NAME)
        if len(key) > LONGEST["key"] or len(name) > 120:
            return left(where, key[:255], Rule.TOO_LONG)
        return FedSchool(file=where[0], line=where[1], key=key, name=name)

    def _person(self, where: tuple[str, int], user: Mapping[str, Any]) -> Item:
        if not _text(user, "sourcedId"):
            return left(where, "", Rule.NO_ID)
        role, school, _ = self._role(user)
        return self.people.read(where, _row(user), role, _id_of(user.get("primaryOrg")) or school)

    def _role(self, user: Mapping[str, Any]) -> Role:
        """What they are today: of 1.2 the role that ranks highest of those that hold; 1.1 has but one."""
        roles = user.get("roles")
        if not isinstance(roles, list):
            school = next(map(_id_of, _listed(user.get("orgs"))), "") or _id_of(user.get("org"))
            return _text(user, "role"), school, True
        today, found = self.today.isoformat(), ("", "", False)
        for one in roles:
            if not isinstance(one, dict):
                continue
            role, begins, ends = _text(one, "role"), _text(one, "beginDate")[:10], _text(one, "endDate")[:10]
            told = (role, _id_of(one.get("org")), _text(one, "roleType").lower() == "primary")
            holds = role and begins <= today and not (ends and ends < today)
            if holds and (not found[0] or rank(told) > rank(found)):
                found = told
        return found


HAS_MOVED: Final = (
    "The roster changed while it was read, so nobody is taken to have left by not being in it this time."
)


CLASSES_IN_DOUBT: Final = (
    "Classes or enrollments changed while they were read, or have no sourcedId, so none ends by not being in it this "
    "time."
)


@dataclass(kw_only=True)
class At:
    """How far asking is: what is kept of it is the place of a sync."""

    what: str = WHAT[0]
    offset: int = 0
    step: int = 0
    #: The totals that were told first and last in this collection.
    first_total: int | None = None
    total: int | None = None
    has_moved: bool = False
    nameless: int = 0
    #: The same of what classes are made of.
    have_classes_moved: bool = False
    nameless_classes: int = 0
    #: The id of the first record of the page before: a server that knows no offset gives the same page for ever.
    first_id: str = ""
    #: Records of collections that are over.
    before: int = 0

    def take(self, records: Sequence[Mapping[str, Any]], total: int | None) -> None:
        """One more page. Raises Unreadable for one that came already."""
        first = _text(records[0], "sourcedId") if records else ""
        if first and first == self.first_id:
            raise Unreadable(
                f"The server gives the same page of {self.what} again and again. Nothing was taken over; its "
                "vendor has to mend that."
            )
        self.first_id, self.offset = first or self.first_id, self.offset + len(records)
        nameless = sum(not _text(one, "sourcedId") for one in records)
        if self.what == "users":
            self.nameless += nameless
        elif self.what in OF_CLASSES:
            self.nameless_classes += nameless
        if self.received > MOST_RECORDS:
            raise Unreadable("The server has more records than any roster. Nothing was taken over.")
        if total is not None:
            self.first_total = self.first_total or total
            self.total = total
            moved = total != self.first_total
            if self.what in OF_CLASSES:
                self.have_classes_moved = self.have_classes_moved or moved
            else:
                self.has_moved = self.has_moved or moved

    def refuse_if_short(self) -> None:
        """Raises Unreadable where the server told of more than it gave."""
        if self.total is not None and self.offset < self.total:
            raise Unreadable(
                f"The server said that there are {self.total:,} {self.what}, and gave {self.offset:,}. Nothing was "
                "taken over, and nobody was removed. It is mostly right again the next night."
            )

    def next(self, wanted: Sequence[str]) -> "At":
        """The beginning of the next collection."""
        return At(
            what=wanted[wanted.index(self.what) + 1],
            step=self.step,
            has_moved=self.has_moved,
            nameless=self.nameless,
            have_classes_moved=self.have_classes_moved,
            nameless_classes=self.nameless_classes,
            before=self.received,
        )

    def remarks(self) -> list[Item]:
        """Why absence does not count, if it does not."""
        nameless = (
            f"{self.nameless:,} people have no sourcedId. It cannot be told who they are, so nobody is taken to have "
            "left by not being in it."
        )
        told = [HAS_MOVED] * self.has_moved + [nameless] * bool(self.nameless)
        told += [CLASSES_IN_DOUBT] * self.are_classes_in_doubt
        return [Remark(sentence) for sentence in told]

    @property
    def are_classes_in_doubt(self) -> bool:
        """True if a class or an enrollment that did not come may be there all the same."""
        return self.have_classes_moved or bool(self.nameless_classes)

    @property
    def received(self) -> int:
        """Records so far."""
        return self.before + self.offset

    @property
    def expected(self) -> int | None:
        """Asked of the last collection, which is nearly all."""
        return self.before + self.total if self.total is not None else None

    def told(self) -> Place:
        """As it is kept."""
        return dict(vars(self))


def _refuse_unless_good(answer: Said, what: str) -> None:
    if answer.status == 200:
        return
    if answer.status in (301, 302, 303, 307, 308):
        raise Unreadable(
            "The server sends us to another address. That is not followed, since the key would go along: enter the "
            "address that it really has."
        )
    if answer.status == 401:
        raise Unreadable(WRONG_KEY)
    if answer.status == 403:
        raise Unreadable(
            f"The key may not read {what}. Give it the right to read the core roster, in the system itself."
        )
    if answer.status == 404:
        raise Unreadable("There is no OneRoster at this address. Check it: it mostly ends in v1p1 or v1p2.")
    raise Unreadable(f"The server answered with error {answer.status} to a plain question for {what}.")


def _total(answer: Said) -> int | None:
    """X-Total-Count, where it is told. 0 says nothing: there are servers that always tell it."""
    told = answer.headers.get("X-Total-Count", "")
    return int(told) or None if told.isascii() and told.isdigit() and len(told) < 10 else None


def _text(record: Mapping[str, Any], name: str) -> str:
    """On one line. Servers write flags and ids as texts, numbers and booleans."""
    value = record.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(NEVER_STORED.sub("", str(value)).split()) if isinstance(value, str | int) else ""


def _row(user: Mapping[str, Any]) -> list[str]:
    """The values that People reads, in its order: REST has other names for some of them."""
    status = "tobedeleted" if _text(user, "status").lower() in _GONE else ""
    names = ("enabledUser", "givenName", "familyName", "preferredFirstName", "preferredLastName", "email")
    return [
        _text(user, "sourcedId"),
        status,
        *(_text(user, name) for name in names),
        *("", "", ""),  # role and schools are told beside it
        _text(user, "identifier"),
        ",".join(_several(user.get("grades"))),
        ",".join(filter(None, map(_id_of, _listed(user.get("agents"))))),
        *(_text(user, name) for name in ("sms", "phone", "userMasterIdentifier")),
    ]


def _class_row(record: Mapping[str, Any]) -> list[str]:
    """The values that Words reads of a class, in its order."""
    return [
        *_of(record, "title"),
        _id_of(record.get("course")),
        _text(record, "classCode"),
        _text(record, "classType"),
        _id_of(record.get("school")),
        ",".join(filter(None, map(_id_of, _listed(record.get("terms"))))),
        NEVER_STORED.sub("", ",".join(_several(record.get("periods")))),
    ]


def _enrollment_row(record: Mapping[str, Any]) -> list[str]:
    """The values that Words reads of an enrollment, in its order."""
    of, person = _id_of(record.get("class")), _id_of(record.get("user"))
    return [
        *_of(record),
        of,
        person,
        *(_text(record, name) for name in ("role", "primary", "beginDate", "endDate")),
    ]


def _of(record: Mapping[str, Any], *names: str) -> list[str]:
    """Its id, whether it is gone as a file says it, and these values."""
    status = "tobedeleted" if _text(record, "status").lower() in _GONE else ""
    return [_text(record, "sourcedId"), status, *(_text(record, name) for name in names)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _several(value: Any) -> list[str]:
    return [one for one in _listed(value) if isinstance(one, str)]


def _id_of(reference: Any) -> str:
    """What a reference points to, by its id. Its href is never followed."""
    return _text(reference, "sourcedId") if isinstance(reference, dict) else ""
