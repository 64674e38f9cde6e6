"""The line of a text message: who writes, and the link. A phone shows it to whoever holds it, so it says no more.

No name of a student, no number of days, no reason: those are on the family page, behind the link.
"""

import re
from typing import Final

from app.integrations.twilio.segments import Counted, counted, plainly
from app.notices.wording import placeholders
from app.notices.wording.shipped import SAMPLE

#: What may be put in; the first two must be.
MUST_SAY: Final = ("school", "family page")
MAY_SAY: Final = (*MUST_SAY, "contact", "phone")
#: Each part is paid for, and who has to scroll does not read.
MOST_PARTS: Final = 3

#: Words that tell why. In languages that are not here whoever approves it answers for that.
_TELLS: Final = {
    "en": re.compile(
        r"\b(absen\w*|truan\w*|attendance|tard(y|ies|iness)|unexcused|missed|skipp\w*|court)\b", re.I
    ),
    "es": re.compile(
        r"\b(ausen\w*|falt\w+|inasisten\w*|asistencia|tardanzas?|injustificad\w*|tribunal)\b", re.I
    ),
}


def why_not(line: str, language: str) -> list[str]:
    """Why this line may not be approved, a sentence a reason. Where there is none, nobody is texted."""
    if not line:
        return []
    asked = {placeholders.plain(name): name for name in placeholders.names_in(line)}
    may = {placeholders.plain(name) for name in MAY_SAY}
    reasons = [
        f"The line for text messages needs (({name}))."
        for name in MUST_SAY
        if placeholders.plain(name) not in asked
    ]
    reasons += [
        f"The line for text messages may not have (({name})): a phone shows it to whoever holds it."
        for plain, name in asked.items()
        if plain not in may
    ]
    told = _TELLS[language].search(line) if language in _TELLS else None
    if told:
        reasons.append(
            f"The line for text messages says why, with “{told[0]}”. That stands on the family page alone."
        )
    if (parts := as_sent(line).segments) > MOST_PARTS:
        reasons.append(
            f"The line for text messages goes out in {parts} parts. {MOST_PARTS} are the most: say less."
        )
    return reasons


def as_sent(line: str) -> Counted:
    """What it takes, with values of an ordinary length."""
    return counted(plainly(placeholders.fill(line, SAMPLE).text))
