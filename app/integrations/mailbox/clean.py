"""HTML from strangers: an allow-list decides what is kept, and nothing that it keeps calls home.

Images come only from the mail itself (cid:). Styles, classes, ids, forms and frames go; their text stays.
"""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

import nh3

#: Beyond these the mail is shown as text: cleaning time grows with the square of each.
LONGEST_HTML = 1_000_000
DEEPEST = 3000
MOST_AMPERSANDS = 200_000


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TAGS = _names(
    "a abbr address b bdi bdo blockquote br caption center cite code col colgroup dd del dfn div dl dt em "
    "figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub "
    "sup table tbody td tfoot th thead tr tt u ul var wbr"
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start", "type"},
    "*": {"dir", "lang"},
}
_DROPPED_WITH_CONTENT = {
    "script",
    "style",
    "title",
    "head",
    "template",
    "noscript",
    "iframe",
    "object",
    "svg",
    "math",
}
_HREF = re.compile(r"^(https?|mailto|tel):", re.IGNORECASE)
_CID = re.compile(r"^cid:[^\s\"'<>]{1,250}$", re.IGNORECASE)
_SMALL_NUMBER = re.compile(r"^\d{1,4}$")
_ANY_TAG = re.compile(r"<[^<>]*>")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_NEVER_OPEN = _names("area base br col embed hr img input link meta p li td th tr source track wbr o")


def clean(html: str) -> str | None:
    """The HTML that may be shown, or None when it is too big or too deep to be cleaned in bounded time."""
    if _is_too_large(html):
        return None
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_keep,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    ).strip()


def as_text(html: str) -> str:
    """HTML as a person would type it: links keep their address, pictures their description, quotes their ">"."""
    readable = _well_formed(html)
    if readable is None:
        return unescape(_ANY_TAG.sub(" ", html)).strip()
    reader = _Reader()
    reader.feed(readable)
    reader.close()
    return "\n".join(_lines("".join(reader.pieces).split("\n"))).strip("\n")


def _well_formed(html: str) -> str | None:
    """The same words with every element closed, and the marks by which clients show what they quote.

    Read, never shown. Of anything else the reader takes a time that grows with the square of its length.
    """
    if _is_too_large(html):
        return None
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes={"*": {"id", "class", "style", "type", "cite", "href", "alt"}},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel=None,
    )


def _is_too_large(html: str) -> bool:
    return len(html) > LONGEST_HTML or html.count("&") > MOST_AMPERSANDS or _depth(html) > DEEPEST


def cids_in(html: str) -> frozenset[str]:
    """The content ids that this cleaned HTML shows."""
    return frozenset(re.findall(r'src="cid:([^"]+)"', html))


def _keep(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href":
        return value if _HREF.match(value.strip()) else None
    if attribute == "src":
        return value if _CID.match(value.strip()) else None
    if attribute in {"width", "height", "colspan", "rowspan", "start"}:
        return value if _SMALL_NUMBER.match(value) else None
    return value[:500]


def _depth(html: str) -> int:
    depth = deepest = 0
    for closing, name in _TAG.findall(html):
        if name.lower() in _NEVER_OPEN:
            continue
        depth = max(0, depth - 1) if closing else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _lines(told: list[str]) -> Iterator[str]:
    """With the signs of quotes, and no two blank lines in a row."""
    depth, was_blank = 0, True
    for line in told:
        words = " ".join(line.split())
        if words in {_QUOTE, _UNQUOTE}:
            depth += 1 if words == _QUOTE else -1
            continue
        words = "-- " if line.strip(" ") == _SIGNATURE else words
        if words or not was_blank:
            yield f"{'> ' * min(depth, DEEPEST_QUOTE)}{words}" if words else ">" * min(depth, DEEPEST_QUOTE)
        was_blank = not words


#: Each on a line of its own between the pieces; no HTML can say them.
_QUOTE, _UNQUOTE = "\x0e", "\x0f"
#: Quotes in quotes are told apart this far.
DEEPEST_QUOTE = 5
#: Where Outlook draws a line above the head of the mail that it quotes; it writes x_ before others' ids.
_OUTLOOK_QUOTE = re.compile(r"(x_)*(divRplyFwdMsg|OutlookMessageHeader)")
_RULE = "_" * 32
#: A line "-- ", with that space, is how a signature begins (RFC 3676).
_SIGNATURE = "--\xa0"
_SPACE = re.compile(r"[\s\x0e\x0f]+")
#: What a person set in by hand: a margin, and no line beside it.
_SET_IN = re.compile(r"border(-left)?\s*:\s*(none|0)", re.IGNORECASE)

_BLOCKS = _names("address blockquote center dd div dl dt figure h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul")
_AIRY = _names("blockquote h1 h2 h3 h4 h5 h6 p pre table")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent: str | None = None
        self._href = ""
        self._link_text_from = 0
        #: The open blockquotes, outermost first: whether each is a quote.
        self._quotes: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent:
            return
        given = dict(attrs)
        if tag in _DROPPED_WITH_CONTENT:
            self._silent = tag
        elif tag == "br":
            self.pieces.append("\n")
        elif tag == "img":
            self.pieces.append(f" [{given['alt']}] " if (given.get("alt") or "").strip() else "")
        elif tag == "li":
            self.pieces.append("\n- ")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")
        elif tag == "a":
            self._href, self._link_text_from = (given.get("href") or "").strip(), len(self.pieces)
        elif tag == "blockquote":
            self._quotes.append(not _SET_IN.search(given.get("style") or ""))
            self.pieces.append(f"\n\n{_QUOTE}\n" if self._quotes[-1] else "\n\n")
        elif tag in _BLOCKS:
            self.pieces.append("\n\n" if tag in _AIRY else "\n")
            names = f"{given.get('id') or ''} {given.get('class') or ''}".split()
            if any(map(_OUTLOOK_QUOTE.fullmatch, names)):
                self.pieces.append(f"{_RULE}\n")

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            self._silent = None if tag == self._silent else self._silent
        elif tag == "a" and self._href:
            shown = "".join(self.pieces[self._link_text_from :])
            address = self._href.removeprefix("mailto:").removeprefix("tel:")
            if address.lower().startswith(("http://", "https://")) and address.rstrip("/") not in shown:
                self.pieces.append(f" <{address}>")
            self._href = ""
        elif tag == "blockquote":
            is_quote = self._quotes.pop() if self._quotes else False
            self.pieces.append(f"\n{_UNQUOTE}\n\n" if is_quote else "\n\n")
        elif tag in _BLOCKS:
            self.pieces.append("\n\n" if tag in _AIRY else "\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            is_signature = data.strip("\r\n\t").replace(" ", "\xa0") == _SIGNATURE
            self.pieces.append(_SIGNATURE if is_signature else _SPACE.sub(" ", data))
