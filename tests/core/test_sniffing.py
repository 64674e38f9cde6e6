import io
import unicodedata
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import sniffing


def office_file(inner: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(inner, "<x/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n%...", "application/pdf"),
        (office_file("notes.txt"), "application/zip"),
        (office_file("word/document.xml"), sniffing._OFFICE + "wordprocessingml.document"),
        (office_file("xl/workbook.xml"), sniffing._OFFICE + "spreadsheetml.sheet"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "video/mp4"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif", "image/avif"),
        (b"name,school\nBell,Oak\n", "text/plain"),
        ("Der Drucker läuft nicht\n".encode(), "text/plain"),
        (b"MZ\x90\x00\x03\x00\x00\x00", sniffing.UNKNOWN),
        (b"\x7fELF\x02\x01\x01", sniffing.UNKNOWN),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, kind: str) -> None:
    assert sniffing.content_type(data) == kind


@pytest.mark.parametrize(
    "program",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b"<!doctype html><script>alert(1)</script>",
        b"<?php system('id');",
        b"#!/bin/sh\nrm -rf /",
    ],
)
def test_nothing_that_runs_in_a_browser_is_a_picture(program: bytes) -> None:
    assert sniffing.content_type(program) == "text/plain"


def test_a_picture_glued_to_a_page_is_not_a_page() -> None:
    assert sniffing.content_type(b"GIF89a<script>alert(1)</script>") == "image/gif"


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("photo.jpg", "photo.jpg"),
        ("C:\\Users\\bell\\Desktop\\lab 12.png", "lab 12.png"),
        ("../../etc/passwd", "passwd"),
        ("/etc/cron.d/x", "x"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("a\u200bb.txt", "ab.txt"),
        ("two\r\nlines.txt", "two lines.txt"),
        ("nul\0l.txt", "nul l.txt"),
        ('say "hi": <b>.txt', "say -hi-- -b-.txt"),
        (".htaccess", "htaccess"),
        ("...", "file"),
        ("", "file"),
        ("con.txt", "_con.txt"),
        ("Cafe\u0301.pdf", "Café.pdf"),
    ],
)
def test_a_name_is_made_safe(given_name: str, name: str) -> None:
    assert sniffing.safe_name(given_name) == name


@given(st.text(max_size=400))
def test_any_name_fits_a_header_a_page_and_a_disk(name: str) -> None:
    safe = sniffing.safe_name(name)

    assert safe
    assert len(safe.encode()) < 255
    assert safe == sniffing.safe_name(safe)
    assert not set(safe) & set('/\\<>:"|?*')
    assert all(unicodedata.category(letter) not in {"Cc", "Cf", "Cs"} for letter in safe)
    assert not safe.startswith(".")
