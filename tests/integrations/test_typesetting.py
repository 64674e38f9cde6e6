"""Letters as PDF: tagged, in reading order, each language marked, nothing of a family's name read as markup."""

import io
import shutil
import subprocess
from datetime import UTC, datetime

import pikepdf
import pytest

from app.integrations.typesetting import fonts
from app.integrations.typesetting.letters import CannotPrint, Letter, Part, print_letters, why_not
from app.integrations.typesetting.paper import PAPERS
from app.roster.models.language import LANGUAGES

AT = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
#: A greeting in each language: enough to need its letters.
HELLO = {
    "es": "¿Cómo está? Señora Muñoz",
    "ar": "مرحبا بكم في المدرسة",
    "zh-Hans": "尊敬的家长，您好",
    "zh-Hant": "尊敬的家長，您好",
    "vi": "Kính gửi quý phụ huynh",
    "pt": "Olá, não há problema",
    "ru": "Здравствуйте, уважаемые родители",
    "ht": "Bonjou, kòman ou ye",
    "hmn": "Nyob zoo, niam txiv",
    "ur": "السلام علیکم، ٹیچر سے ملیں",
    "so": "Salaan, waalid",
    "ko": "안녕하세요, 학부모님",
    "fil": "Magandang araw po",
    "uk": "Доброго дня, ґанок і їжак",
    "fa-AF": "سلام، والدین گرامی",
    "ps": "سلام، ښوونځی ته ښه راغلاست",
    "fr": "Bonjour, à bientôt, cœur",
    "pl": "Dzień dobry, źdźbło",
    "pa": "ਸਤ ਸ੍ਰੀ ਅਕਾਲ",
    "bn": "নমস্কার, অভিভাবক",
    "cy": "Bore da, ŵyr",
}


def part(tag: str, heading: str, *lines: str) -> Part:
    rtl = LANGUAGES[tag].direction == "rtl"
    return Part(tag, rtl, heading, (("paragraph", lines), ("list", ("One", "Two"))))


def letter(*parts: Part, code: str = "AB12CD34", name: str = "Ana Salas") -> Letter:
    return Letter(
        code=code,
        date="November 27, 2026",
        sender=("Maple School District", "North School"),
        address=(name, "12 Maple Street", "Springfield, IL 62701"),
        parts=parts or (part("en", "Hello", "Good day."),),
    )


def printed(*letters: Letter, paper: str = "us-10") -> bytes:
    return print_letters(letters, PAPERS[paper], "Letters", AT).pdf


def tags(pdf: bytes) -> list[tuple[str, str]]:
    """The kinds of the elements in reading order, each with its language or words instead of it."""
    found: list[tuple[str, str]] = []
    with pikepdf.open(io.BytesIO(pdf)) as document:

        def walk(node: object) -> None:
            if isinstance(node, pikepdf.Array):
                for one in node:
                    walk(one)
            elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
                found.append((str(node.S), str(node.get("/Lang", node.get("/Alt", "")))))
                walk(node.get("/K", pikepdf.Array()))

        walk(document.Root.StructTreeRoot.K)
    return found


def test_the_home_language_comes_first_and_each_is_marked():
    order = tags(printed(letter(part("es", "Hola", "Buenos días."), part("en", "Hello", "Good day."))))
    headings = [language for kind, language in order if kind == "/H1"]

    assert headings == ["es", ""]  # the document's own language is English


def test_it_is_read_in_its_order_with_the_code_in_words():
    order = tags(printed(letter()))
    kinds = [kind for kind, _ in order]

    assert ("/Figure", "AB12CD34") in order
    assert kinds.index("/Figure") < kinds.index("/H1") < kinds.index("/L")


def test_it_says_that_it_is_pdf_ua():
    with pikepdf.open(io.BytesIO(printed(letter()))) as document:
        assert document.Root.MarkInfo.Marked
        assert str(document.Root.Lang).startswith("en")
        assert b"<pdfuaid:part>1</pdfuaid:part>" in document.Root.Metadata.read_bytes()


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="no qpdf on this machine")
@pytest.mark.parametrize("paper", sorted(PAPERS))
def test_qpdf_finds_nothing_wrong(paper, tmp_path):
    file = tmp_path / "letter.pdf"
    file.write_bytes(printed(letter(), paper=paper))

    assert subprocess.run(["qpdf", "--check", file], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("tag", sorted(set(LANGUAGES) - {"en"}))
def test_every_language_can_be_printed(tag):
    pdf = printed(letter(part(tag, HELLO[tag], HELLO[tag]), part("en", "Hello", "Good day.")))

    assert not fonts.not_printable(HELLO[tag])
    assert b"NotoSans" in _fonts_of(pdf)


def test_urdu_is_set_in_nastaliq_with_the_room_that_it_needs():
    pages = [
        print_letters([letter(part(tag, HELLO[tag], *[HELLO[tag]] * 30))], PAPERS["us-10"], "Letters", AT).pdf
        for tag in ("ur", "ar")
    ]
    urdu, arabic = (pikepdf.open(io.BytesIO(pdf)) for pdf in pages)

    assert b"NotoNastaliqUrdu" in _fonts_of(pages[0])
    assert b"NotoNastaliqUrdu" not in _fonts_of(pages[1])
    assert (len(urdu.pages), len(arabic.pages)) == (2, 1)


def _fonts_of(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        names = [
            str(one.BaseFont)
            for one in document.objects
            if isinstance(one, pikepdf.Dictionary) and "/BaseFont" in one
        ]
    return " ".join(names).encode()


def test_names_are_words_and_never_markup():
    names = '#set page(fill: red) *Ana* $x$ \\ `Bo` <letter> @ref "Q" #read("/etc/passwd") #import "@preview/a:1.0.0"'
    plain = printed(letter(name="Ana"))
    strange = printed(letter(name=names))

    assert [kind for kind, _ in tags(strange)] == [kind for kind, _ in tags(plain)]


def test_a_character_that_no_font_has_stops_its_letter_with_a_sentence():
    strange = letter(name="Ana \U00012000")

    assert "“\U00012000” (U+12000)" in why_not(strange)
    with pytest.raises(CannotPrint, match="characters that cannot be printed"):
        printed(letter(), strange)


def test_names_of_other_scripts_and_taken_apart_letters_are_printed():
    assert why_not(letter(name="Nguye\u0302\u0303n Ὀδυσσεύς שרה ขวัญ देवी \u2068x\u2069")) == ""


def test_each_letter_begins_on_a_page_of_its_own():
    long = letter(part("en", "Long", *["A line of a long letter."] * 60), code="LONG")
    begins = print_letters([letter(code="A"), long, letter(code="B")], PAPERS["dl"], "Letters", AT).begins

    assert begins == (1, 2, 4)


def test_the_same_letters_give_the_same_bytes():
    assert printed(letter()) == printed(letter())
