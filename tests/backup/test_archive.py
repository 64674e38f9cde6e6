"""What was moved, cut off, changed or put in from elsewhere does not open."""

import random
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.backup.archive import CHUNK, MAGIC, TAG, ArchiveRefused, Reader, Writer, in_blocks

KEY = b"k" * 32
SEALED = CHUNK + TAG


def noise(blocks: int, seed: int = 7) -> Iterator[bytes]:
    """gzip makes nothing smaller of it."""
    made = random.Random(seed)
    for _ in range(blocks):
        yield made.randbytes(CHUNK)


def written(path: Path, blocks: int = 5, seed: int = 7, **header: str) -> Path:
    with path.open("wb") as file:
        archive = Writer(file, header, KEY)
        archive.member({"table": "people", "columns": ["id"]}, [b"1\n2\n", b"3\n"])
        archive.member({"file": "a/b"}, noise(blocks, seed))
        archive.finish({"all": "is told"})
    return path


def read(path: Path, key: bytes = KEY) -> list[bytes]:
    with Reader(path) as archive:
        return [b"".join(member.blocks) for member in archive.members(key)]


def body(path: Path) -> tuple[bytes, list[bytes]]:
    """The header, and the sealed chunks behind it."""
    octets = path.read_bytes()
    start = len(MAGIC) + 4 + int.from_bytes(octets[len(MAGIC) : len(MAGIC) + 4], "big")
    return octets[:start], [octets[at : at + SEALED] for at in range(start, len(octets), SEALED)]


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    path = written(tmp_path / "maple.fobackup", of="maple")

    with Reader(path) as archive:
        found = {
            str(member.heading): (b"".join(member.blocks), member.sum) for member in archive.members(KEY)
        }

    (rows, rows_sum), (file, _) = found.values()
    assert (rows, rows_sum.lines) == (b"1\n2\n3\n", 3)
    assert file == b"".join(noise(5))
    assert archive.header["of"] == "maple"
    assert archive.manifest == {"all": "is told"}


@pytest.mark.parametrize(
    ("how", "change"),
    [
        ("its end is missing", lambda chunks: chunks[:-1]),
        ("its end is missing", lambda chunks: chunks[:2]),
        ("does not open", lambda chunks: [*chunks[:-1], chunks[-1][:-1]]),
        ("does not open", lambda chunks: [chunks[1], chunks[0], *chunks[2:]]),
        ("does not open", lambda chunks: [chunks[0], chunks[0], *chunks[1:]]),
        ("does not open", lambda chunks: [chunks[0], *chunks[2:]]),
        ("does not open", lambda chunks: [*chunks, chunks[-1]]),
        ("does not open", lambda chunks: [*chunks, b"more"]),
        ("does not open", lambda chunks: []),
        ("part 2 does not open", lambda chunks: [chunks[0], b"\0" + chunks[1][1:], *chunks[2:]]),
    ],
)
def test_chunks_that_are_not_as_they_were_written_are_refused(
    tmp_path: Path, how: str, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    path = written(tmp_path / "maple.fobackup")
    header, chunks = body(path)
    path.write_bytes(header + b"".join(change(chunks)))

    with pytest.raises(
        ArchiveRefused, match=f"maple.fobackup was cut short or changed after it was made: .*{how}"
    ):
        read(path)


def test_a_changed_header_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "maple.fobackup", slug="maple")
    path.write_bytes(path.read_bytes().replace(b'"slug": "maple"', b'"slug": "birch"'))

    with pytest.raises(ArchiveRefused, match="part 1 does not open"):
        read(path)


def test_a_chunk_of_another_archive_is_refused(tmp_path: Path) -> None:
    path, other = written(tmp_path / "a.fobackup", of="a"), written(tmp_path / "b.fobackup", of="b")
    (header, chunks), (_, others) = body(path), body(other)
    path.write_bytes(header + b"".join([chunks[0], others[1], *chunks[2:]]))

    with pytest.raises(ArchiveRefused, match="part 2 does not open"):
        read(path)


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="part 1 does not open"):
        read(written(tmp_path / "a.fobackup"), b"x" * 32)


@pytest.mark.parametrize(
    "octets", [b"", b"PK\3\4 something else", MAGIC, MAGIC + b"\0\0\0\2[]", MAGIC + b"\xff\xff\xff\xff{}"]
)
def test_what_is_no_archive_is_called_so(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "a.fobackup").write_bytes(octets)

    with pytest.raises(ArchiveRefused, match="not a backup of FrontOffice"):
        Reader(tmp_path / "a.fobackup")


def test_a_later_format_is_left_to_a_later_version(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fobackup", slug="a")
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 2'))

    with pytest.raises(ArchiveRefused, match="format 2, and this version reads format 1"):
        Reader(path)


def test_however_much_there_is_little_of_it_is_in_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        path = written(tmp_path / "a.fobackup", blocks=200)
        with Reader(path) as archive:
            for member in archive.members(KEY):
                for _ in member.blocks:
                    pass
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert path.stat().st_size > 190 * CHUNK
    assert most < 16 * CHUNK


def test_small_pieces_become_blocks_and_large_ones_are_cut() -> None:
    pieces = [b"a" * 10, b"b" * (2 * CHUNK), b"c"]

    blocks = list(in_blocks(pieces))

    assert b"".join(blocks) == b"".join(pieces)
    assert [len(block) for block in blocks] == [CHUNK, CHUNK, 11]
