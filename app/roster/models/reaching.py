"""What is written down to reach somebody, in one way of writing: an E.164 number, an address, an email.

Each function raises Unreachable, whose sentence says what is wrong and what is right.
"""

import json
import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Final, Self

COUNTRIES: Final = {"US": "United States", "CA": "Canada", "GB": "United Kingdom"}
#: Country by the region of a deployment: what is meant where nothing else is said.
COUNTRY_OF: Final = {"us": "US", "ca": "CA", "uk": "GB"}

# fmt: off
_STATES: Final = frozenset({
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
    "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH",
    "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "AS", "GU", "MP",
    "PR", "VI", "AA", "AE", "AP",
})
# fmt: on
_PROVINCES: Final = frozenset(["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"])
_ZIP: Final = re.compile(r"\d{5}(-\d{4})?")
_CANADIAN: Final = re.compile(r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] \d[ABCEGHJ-NPRSTV-Z]\d")
_BRITISH: Final = re.compile(r"(GIR 0AA|[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})")

#: North America's plan: area code and exchange begin with 2 to 9, and neither is a service such as 911.
_NORTH_AMERICAN: Final = re.compile(r"(?![2-9]11)[2-9]\d{2}(?![2-9]11)[2-9]\d{6}")
_BRITISH_NUMBER: Final = re.compile(r"[12378]\d{8,9}")
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_AS_PEOPLE_WRITE: Final = re.compile(r"\+?[0-9\s().\-–/]{1,40}")

_EMAIL: Final = re.compile(r"[^@\s,;<>]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9-]{2,}")


class Unreachable(ValueError):
    """Nothing arrives there as it is written; the sentence says why, `part` which part of an address is meant."""

    def __init__(self, sentence: str, part: str = "") -> None:
        super().__init__(sentence)
        self.sentence, self.part = sentence, part


def phone_number(typed: str, country: str) -> str:
    """The number in E.164 ("+12125550123"), read as it is dialled in that country unless it begins with +.

    Numbers of the United States, Canada and the United Kingdom are held against their own plan; those of other
    countries against E.164 alone, which knows no more than how long they may be.
    """
    written = typed.strip()
    if not _AS_PEOPLE_WRITE.fullmatch(written) or not any(letter.isdigit() for letter in written):
        raise Unreachable(
            "Write a phone number with digits alone, such as (212) 555-0123, without an extension."
        )
    # "+44 (0)20 …" is how it stands on letterheads; the 0 is dialled within the country alone.
    plain = written.replace("(0)", "") if written.startswith("+") else written
    digits = "".join(letter for letter in plain if letter.isdigit())
    if written.startswith("+"):
        number = f"+{digits}"
    elif country == "GB":
        number = f"+44{digits.removeprefix('0')}"
    else:
        number = f"+1{digits[1:] if len(digits) == 11 and digits.startswith('1') else digits}"
    if number.startswith("+1") and not _NORTH_AMERICAN.fullmatch(number[2:]):
        raise Unreachable(
            "This is no number of the United States or Canada: write its ten digits, area code first. A number "
            "of another country begins with + and the country's code."
        )
    if number.startswith("+44") and not _BRITISH_NUMBER.fullmatch(number[3:]):
        raise Unreachable("This is no number of the United Kingdom: write it from its 0 on, or with +44.")
    if not _E164.fullmatch(number):
        raise Unreachable(
            "This is no number that can be called from here: write + and the country's code first."
        )
    return number


def email_address(typed: str) -> str:
    """The address in lower case, as it is compared."""
    written = typed.strip()
    if len(written) > 254 or not _EMAIL.fullmatch(written):
        raise Unreachable("Write the whole email address, such as ana@example.com, and only one.")
    return written.lower()


@dataclass(frozen=True, kw_only=True)
class PostalAddress:
    """Where post arrives, in the parts that the three post offices ask for."""

    line1: str
    line2: str = ""
    city: str
    #: State or province; the United Kingdom has none.
    region: str = ""
    postcode: str
    country: str

    @classmethod
    def written(
        cls, *, line1: str, line2: str = "", city: str, region: str = "", postcode: str, country: str
    ) -> Self:
        """The address in one way of writing. Raises Unreachable."""
        if country not in COUNTRIES:
            raise Unreachable(
                "Choose a country to which letters are sent: United States, Canada or United Kingdom.",
                "country",
            )
        parts = {
            "line1": _one_line(line1),
            "line2": _one_line(line2),
            "city": _one_line(city),
            "region": "" if country == "GB" else _one_line(region).upper(),
        }
        if not parts["line1"]:
            raise Unreachable("Write the street with its number.", "line1")
        if not parts["city"]:
            raise Unreachable("Write the city.", "city")
        if country == "US" and parts["region"] not in _STATES:
            raise Unreachable("Write the state with its two letters, such as IL.", "region")
        if country == "CA" and parts["region"] not in _PROVINCES:
            raise Unreachable("Write the province with its two letters, such as ON.", "region")
        parts["postcode"] = _postcode(postcode, country)
        return cls(**parts, country=country)

    @classmethod
    def read(cls, text: str) -> Self:
        """What as_text() made."""
        return cls(**json.loads(text))

    def as_text(self) -> str:
        """As it is sealed."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    def folded(self) -> str:
        """What two ways of writing one address have in common: letters and digits, without marks."""
        postcode = self.postcode[:5] if self.country == "US" else self.postcode
        words = " ".join([self.line1, self.line2, self.city, self.region, postcode, self.country])
        plain = unicodedata.normalize("NFKD", words.casefold())
        return "".join(letter for letter in plain if letter.isalnum())

    def lines(self) -> list[str]:
        """As it stands on an envelope, without a name."""
        if self.country == "GB":
            last = [self.city.upper(), self.postcode]
        else:
            last = [f"{self.city} {self.region} {self.postcode}"]
        return [line for line in (self.line1, self.line2, *last) if line]


def _postcode(typed: str, country: str) -> str:
    written = "".join(typed.split()).upper()
    spaced = written if country == "US" else f"{written[:-3]} {written[-3:]}"
    shape, sentence = {
        "US": (_ZIP, "Write the ZIP code with five digits, or nine with a hyphen: 60601 or 60601-1234."),
        "CA": (_CANADIAN, "Write the postal code as Canada Post does: K1A 0B1."),
        "GB": (_BRITISH, "Write the postcode as the Royal Mail does: SW1A 1AA."),
    }[country]
    if not shape.fullmatch(spaced):
        raise Unreachable(sentence, "postcode")
    return spaced


def _one_line(words: str) -> str:
    return " ".join(words.split())
