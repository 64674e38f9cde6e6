"""`make bench-letters`: letters in two languages, as tagged PDF: pages a second of one core, and memory.

`python -m bench.letters [letters]`. Each has the shipped text and all its passages; the home language goes round
Spanish, Arabic, simplified Chinese and Vietnamese. Measured by the processor's time of this process.
"""

import resource
import sys
import time
from datetime import UTC, datetime
from typing import Final

from app.integrations.typesetting import fonts
from app.integrations.typesetting.letters import MOST_AT_ONCE, Letter, Part, print_letters
from app.integrations.typesetting.paper import PAPERS
from app.notices.wording import placeholders, shipped
from app.notices.wording.blocks import blocks

#: The time is of setting letters, and for that the words need not be true.
HOME: Final = {
    "es": shipped.LETTER["es"].body,
    "ar": "غابت الطالبة عن المدرسة تسعة أيام هذا العام. نريد أن نساعدكم. اتصلوا بنا هذا الأسبوع.\n\n" * 4,
    "zh-Hans": "学生今年已缺课九天。我们希望帮助您。请您在本周给我们打电话。\n\n" * 5,
    "vi": "Học sinh đã nghỉ học chín ngày trong năm nay. Chúng tôi muốn giúp đỡ. Xin gọi cho chúng tôi.\n\n"
    * 4,
}
#: Pages a second and core, below which it is too slow.
BAR: Final = 10


def main(count: int) -> None:
    letters = [_letter(number) for number in range(count)]
    begun = time.process_time()
    fonts.characters()
    print(f"reading which characters the fonts have: {time.process_time() - begun:.2f} s")
    pages = size = 0
    begun = time.process_time()
    for at in range(0, count, MOST_AT_ONCE):
        some = letters[at : at + MOST_AT_ONCE]
        pdf = print_letters(some, PAPERS["us-10"], "Letters", datetime(2026, 11, 27, tzinfo=UTC)).pdf
        size += len(pdf)
        pages += pdf.count(b"/Type /Page\n") or len(some)
    seconds = time.process_time() - begun
    print(f"{count} letters, {pages} pages, {size / 1e6:.1f} MB: {seconds:.1f} s of a core")
    print(f"{pages / seconds:.0f} pages a second and core (at least {BAR})")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most")
    if pages / seconds < BAR:
        raise SystemExit("Too slow.")


def _letter(number: int) -> Letter:
    tag = list(HOME)[number % len(HOME)]
    values = {**shipped.SAMPLE, "student": f"Maria {number}"}
    english = shipped.LETTER["en"]
    return Letter(
        code=f"B{number:07}",
        date="November 27, 2026",
        sender=("Maple School District", "North School", "1 School Street, Springfield, IL 62701"),
        address=(f"Ana Salas {number}", "12 Maple Street", "Springfield, IL 62701"),
        parts=(
            _part(tag, "9", HOME[tag], shipped.PASSAGES.get(tag, {}), values),
            _part("en", english.heading, english.body, shipped.PASSAGES["en"], values),
        ),
    )


def _part(tag: str, heading: str, body: str, passages: dict[str, str], values: dict[str, str]) -> Part:
    text = f"{body}\n\n" + "\n".join(f"* {one}" for one in passages.values())
    said = blocks(placeholders.fill(text, values).text)
    told = placeholders.fill(heading, values).text
    return Part(tag, tag == "ar", told, tuple((one.kind, one.lines) for one in said))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
