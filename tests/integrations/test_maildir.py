"""A folder that any mail reader opens."""

import os
from pathlib import Path

import pytest

from app.core.queue import TryAgain
from app.integrations.mailbox.maildir import Maildir
from app.integrations.mailbox.parse import parse

RAW = b"Subject: x\r\n\r\nHello\r\n"


def test_the_envelope_stands_in_the_first_lines(tmp_path: Path) -> None:
    box = Maildir(tmp_path)
    box.send(RAW, "bounce+a@maple.example", ["bell@maple.example"])

    (path,) = box.waiting()
    raw = path.read_bytes()
    assert raw.startswith(b"Return-Path: <bounce+a@maple.example>\r\nDelivered-To: bell@maple.example\r\n")
    assert parse(raw).subject == "x"


def test_nobody_sees_half_a_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TryAgain, match="No space left"):
        Maildir(tmp_path).send(RAW, "a@maple.example", ["bell@maple.example"])

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_was_taken_is_no_longer_new(tmp_path: Path) -> None:
    box = Maildir(tmp_path)
    box.send(RAW, "a@maple.example", ["bell@maple.example"])
    (path,) = box.waiting()

    box.take(path)
    assert list(box.waiting()) == []
    assert (tmp_path / "cur" / f"{path.name}:2,S").read_bytes().endswith(RAW)


def test_an_absent_folder_has_no_mail(tmp_path: Path) -> None:
    assert list(Maildir(tmp_path / "none").waiting()) == []
