import io
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageDraw

from app.core import pictures, settings
from app.core.pictures import FileRefused, prepare

RED, BLUE = (200, 30, 30), (30, 30, 200)
#: Where the camera stood, as it writes it: degrees, minutes, seconds.
CHICAGO = {1: "N", 2: (41.0, 52.0, 55.0), 3: "W", 4: (87.0, 37.0, 40.0)}


@pytest.fixture(autouse=True)
def limits(tmp_path: Path) -> Iterator[None]:
    before = settings._settings
    settings.use_settings(
        settings.read_settings(
            {
                "FRONTOFFICE_DEMO": "yes",
                "FRONTOFFICE_INSTANCE": str(tmp_path),
                "FRONTOFFICE_DATABASE_URL": "postgresql:///nowhere",
                "FRONTOFFICE_MASTER_KEYS": "a:" + "A" * 43 + "=",
                "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
            }
        )
    )
    yield
    settings.use_settings(before)


def drawing(size: tuple[int, int] = (400, 300), mode: str = "RGB") -> Image.Image:
    """Red above, blue below: one sees which way is up."""
    picture = Image.new("RGB", size, RED)
    ImageDraw.Draw(picture).rectangle((0, size[1] // 2, size[0], size[1]), fill=BLUE)
    return picture.convert(mode)


def written(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def camera_notes(orientation: int = 1) -> Image.Exif:
    notes = Image.Exif()
    notes[0x0112] = orientation
    notes[0x010F] = "Telltale Camera"
    notes.get_ifd(0x8825).update(CHICAGO)
    return notes


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def is_near(picture: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    pixel = picture.convert("RGB").getpixel(at)
    assert isinstance(pixel, tuple)
    return all(abs(found - wanted) < 40 for found, wanted in zip(pixel, colour, strict=True))


def test_a_photo_loses_where_it_was_taken_and_stands_upright() -> None:
    lying = drawing().rotate(90, expand=True)  # how the sensor saw it; 6 says: turn right
    photo = written(lying, "JPEG", exif=camera_notes(orientation=6), comment=b"Ms Bell's phone")
    assert b"Telltale" in photo

    kept = prepare("IMG_0001.JPG", "image/png", photo)

    assert (kept.name, kept.content_type) == ("IMG_0001.JPG", "image/jpeg")
    assert (kept.width, kept.height) == (400, 300)
    picture = opened(kept.data)
    assert not picture.getexif()
    assert is_near(picture, (200, 50), RED)
    assert is_near(picture, (200, 250), BLUE)
    for data in (kept.data, kept.thumbnail or b""):
        assert b"Telltale" not in data
        assert b"Exif" not in data
        assert b"Bell" not in data


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    sensor = drawing().transpose(undo[orientation]) if orientation in undo else drawing()

    kept = prepare("a.jpg", "", written(sensor, "JPEG", exif=camera_notes(orientation)))

    assert (kept.width, kept.height) == (400, 300)
    assert is_near(opened(kept.data), (200, 50), RED)


def heic(picture: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    try:
        pillow_heif.from_pillow(picture).save(out, quality=80, **options)
    except RuntimeError as error:  # pragma: no cover
        pytest.skip(f"this build of libheif cannot write HEIC: {error}")
    return out.getvalue()


def test_a_heic_photo_becomes_a_jpeg() -> None:
    photo = heic(drawing((640, 480)), exif=camera_notes().tobytes())
    assert b"Telltale" in photo

    kept = prepare("IMG_0002.HEIC", "application/octet-stream", photo)

    assert (kept.name, kept.content_type) == ("IMG_0002.jpg", "image/jpeg")
    assert (kept.width, kept.height) == (640, 480)
    picture = opened(kept.data)
    assert picture.format == "JPEG"
    assert is_near(picture, (320, 60), RED)
    assert b"Telltale" not in kept.data


def test_a_heic_photo_is_turned_once_and_not_twice() -> None:
    lying = drawing().rotate(90, expand=True)

    kept = prepare("a.heic", "image/heic", heic(lying, exif=camera_notes(orientation=6).tobytes()))

    assert (kept.width, kept.height) == (400, 300)
    assert is_near(opened(kept.data), (200, 50), RED)


def test_a_screenshot_stays_sharp_and_keeps_no_text() -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Author", "Telltale")
    kept = prepare("screen.png", "image/jpeg", written(drawing(mode="RGBA"), "PNG", pnginfo=notes))

    assert (kept.name, kept.content_type) == ("screen.png", "image/png")
    assert opened(kept.data).getpixel((10, 10)) == (*RED, 255)
    assert b"Telltale" not in kept.data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_drawn(mode: str) -> None:
    source = Image.new("I;16", (50, 40), 40_000) if mode == "I;16" else drawing((50, 40), mode)

    kept = prepare("a.png", "", written(source, "PNG"))

    assert kept.content_type == "image/png"
    assert kept.thumbnail is not None
    if mode == "I;16":
        assert opened(kept.data).getpixel((1, 1)) == 40_000 // 256


@pytest.mark.parametrize(
    ("kind", "ending"), [("GIF", "png"), ("BMP", "png"), ("WEBP", "jpg"), ("TIFF", "jpg"), ("AVIF", "jpg")]
)
def test_other_pictures_become_what_every_browser_shows(kind: str, ending: str) -> None:
    kept = prepare(f"a.{kind.lower()}", "", written(drawing(), kind))

    assert kept.name == f"a.{ending}"
    assert kept.is_picture
    assert is_near(opened(kept.data), (200, 50), RED)


def test_of_a_moving_picture_the_first_frame_stays() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, BLUE)]
    moving = written(frames[0], "GIF", save_all=True, append_images=frames[1:])

    kept = prepare("a.gif", "", moving)

    assert getattr(opened(kept.data), "n_frames", 1) == 1
    assert is_near(opened(kept.data), (5, 5), RED)


def test_a_scan_of_many_pages_keeps_them_as_a_file() -> None:
    pages = [drawing(), drawing()]
    scan = written(pages[0], "TIFF", save_all=True, append_images=pages[1:])

    kept = prepare("scan.tif", "", scan)

    assert (kept.data, kept.is_picture, kept.thumbnail) == (scan, False, None)


def test_a_thumbnail_fits_its_box_and_has_no_holes() -> None:
    kept = prepare("a.png", "", written(Image.new("RGBA", (2000, 1000), (0, 0, 0, 0)), "PNG"))

    small = opened(kept.thumbnail or b"")
    assert small.size == (480, 240)
    assert is_near(small, (5, 5), (255, 255, 255))


def test_a_very_large_photo_is_made_smaller() -> None:
    kept = prepare("a.jpg", "", written(Image.new("RGB", (8000, 6000), RED), "JPEG"))

    assert kept.width is not None
    assert kept.height is not None
    assert kept.width * kept.height <= pictures.KEPT_PIXELS
    assert round(kept.width / kept.height, 2) == 1.33


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes on the wire, gigabytes when opened."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 9999))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(100_000, 100_000), (60_000, 60_000), (10_000, 5_001), (2_000_000_000, 1)])
def test_a_picture_that_would_fill_the_memory_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(FileRefused, match="too large a picture"):
        prepare("bomb.png", "image/png", png_that_claims(*size))


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    photo = written(drawing(), "JPEG", progressive=True)
    scan = photo[photo.rindex(b"\xff\xda") : photo.rindex(b"\xff\xd9")]

    with pytest.raises(FileRefused, match="too large a picture"):
        prepare("slow.jpg", "", photo[:-2] + scan * 300 + b"\xff\xd9")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_a_damaged_picture_is_a_sentence(kind: str) -> None:
    whole = written(drawing(), kind)

    for data in (whole[: len(whole) // 2], whole[:32]):
        try:
            prepare(f"lab.{kind.lower()}", "", data)
        except FileRefused as refused:
            assert "damaged" in str(refused)  # noqa: PT017  # some readers mend what they can


@pytest.mark.parametrize(
    "svg",
    [
        b"<svg onload='alert(1)' xmlns='http://www.w3.org/2000/svg'/>",
        b"\xef\xbb\xbf<?xml version='1.0'?><svg/>",
    ],
)
def test_svg_is_never_a_picture(svg: bytes) -> None:
    kept = prepare("logo.svg", "image/svg+xml", svg)

    assert not kept.is_picture
    assert kept.content_type == "text/plain"
    assert kept.thumbnail is None


def test_a_page_called_a_picture_is_not_one() -> None:
    kept = prepare("photo.jpg", "image/jpeg", b"<html><script>alert(1)</script></html>")

    assert not kept.is_picture
    assert kept.content_type == "text/plain"


def test_a_picture_glued_to_a_page_loses_the_page() -> None:
    kept = prepare("a.gif", "image/gif", written(drawing(), "GIF") + b"<script>alert(1)</script>")

    assert b"script" not in kept.data


def test_a_document_is_kept_as_it_came() -> None:
    kept = prepare("quote.pdf", "text/html", b"%PDF-1.7\n%%EOF")

    assert kept == pictures.Prepared("quote.pdf", "application/pdf", b"%PDF-1.7\n%%EOF")


def test_limits_are_told_in_numbers() -> None:
    with pytest.raises(FileRefused, match=r"“video\.mov” is 16 MB\. A file may have at most 15 MB"):
        prepare("../video.mov", "", b"x" * (16 * pictures.MEGABYTE))
    with pytest.raises(FileRefused, match="is empty"):
        prepare("a.txt", "", b"")
    with pytest.raises(FileRefused, match="These are 11 files, and 10 can be sent at once"):
        pictures.refuse_too_many(["a"] * 11)
    pictures.refuse_too_many(["a"] * 10)


def test_pillow_stays_out_of_memory_until_a_picture_comes() -> None:
    asked = "import sys, app.core.pictures; print([name for name in ('PIL', 'pillow_heif') if name in sys.modules])"

    assert (
        run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
