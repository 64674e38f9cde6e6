"""Files that people send, made safe to keep: pictures are drawn anew, everything else is kept as it came.

Drawing anew turns a photo upright, makes HEIC a JPEG, and leaves behind what the camera wrote into the file:
where it stood, when, and whose it is. Pillow is loaded when the first picture comes, not at start.
"""

import io
import threading
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core import memory, sniffing
from app.core.settings import get_settings

if TYPE_CHECKING:
    from PIL.Image import Image

#: What a browser may be shown inside a page. Both are only ever written by ourselves.
INLINE: Final = frozenset({"image/jpeg", "image/png"})

MOST_PIXELS: Final = 50_000_000
#: A JPEG can be read at an eighth of its size, so a phone's largest photo fits.
MOST_PIXELS_OF_A_JPEG: Final = 250_000_000
MOST_SCANS_OF_A_JPEG: Final = 200
KEPT_PIXELS: Final = 12_000_000
KEPT_SIDE: Final = 12_000
THUMBNAIL_SIDE: Final = 480
MEGABYTE: Final = 1024 * 1024

# One picture at a time in a process: the memory of one is bounded, that of a class of thirty is not.
_easel = threading.Lock()
_LONGEST_WAIT = 30.0


class FileRefused(Exception):
    """A file that is not kept; the sentence tells the sender what to do."""


@dataclass(frozen=True)
class Prepared:
    """A file as it will be kept. `width`, `height` and `thumbnail` (a JPEG) are a picture's."""

    name: str
    content_type: str
    data: bytes
    width: int | None = None
    height: int | None = None
    thumbnail: bytes | None = None

    @property
    def is_picture(self) -> bool:
        """True when a page may show it."""
        return self.content_type in INLINE


def prepare(name: str, declared_type: str, data: bytes) -> Prepared:
    """A file as it may be kept. Raises FileRefused.

    `declared_type` is taken only to be ignored: what a file is, its bytes say.
    """
    name = sniffing.safe_name(name)
    refuse_too_large(name, len(data))
    if not data:
        raise FileRefused(f"“{name}” is empty. Choose it again.")
    kind = sniffing.content_type(data)
    if kind not in sniffing.PICTURES:
        return Prepared(name, kind, data)
    if not _easel.acquire(timeout=_LONGEST_WAIT):
        raise FileRefused(
            f"“{name}” could not be read just now, other pictures are in the way. Send it again."
        )
    try:
        return _drawn_anew(name, kind, data)
    finally:
        memory.give_back()
        _easel.release()


def refuse_too_large(name: str, size: int) -> None:
    """Raises FileRefused for a file over the limit of the settings."""
    most = get_settings().max_file_bytes
    if size > most:
        raise FileRefused(
            f"“{sniffing.safe_name(name)}” is {size / MEGABYTE:.0f} MB. A file may have at most "
            f"{most / MEGABYTE:.0f} MB: send a smaller copy, or a link to it."
        )


def refuse_too_many(names: Iterable[str]) -> None:
    """Raises FileRefused when more files come at once than the settings allow."""
    count, most = len(list(names)), get_settings().max_files
    if count > most:
        raise FileRefused(
            f"These are {count} files, and {most} can be sent at once. Send the rest as a reply."
        )


def _drawn_anew(name: str, kind: str, data: bytes) -> Prepared:
    from PIL import Image

    unreadable = FileRefused(
        f"“{name}” is damaged and cannot be shown. Take the picture again, or send a PDF."
    )
    try:
        with warnings.catch_warnings():
            # Pillow warns of every oddity of a file; what counts is whether it can be drawn.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_formats(kind)) as picture:
                _refuse_a_bomb(name, kind, data, picture.size)
                if kind == "image/tiff" and getattr(picture, "n_frames", 1) > 1:
                    # A scanned document of many pages; drawn anew it would lose all but the first.
                    return Prepared(name, kind, data)
                return _redraw(name, kind, picture)
    except Image.DecompressionBombError:
        raise _too_many_pixels(name) from None
    except FileRefused:
        raise
    except (
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        IndexError,
        KeyError,
        EOFError,
        MemoryError,
    ) as error:
        # The readers of a dozen old formats fail in as many ways on a damaged file.
        raise unreadable from error


def _formats(kind: str) -> list[str]:
    """Only the reader of the type that was found: the others never see the bytes."""
    if kind == "image/heic":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
        return ["HEIF"]
    return {"image/jpeg": ["JPEG", "MPO"]}.get(kind, [kind.removeprefix("image/").upper()])


def _refuse_a_bomb(name: str, kind: str, data: bytes, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > (MOST_PIXELS_OF_A_JPEG if kind == "image/jpeg" else MOST_PIXELS):
        raise _too_many_pixels(name)
    # Each scan of a progressive JPEG is a pass over the whole picture; thousands of them take hours.
    if kind == "image/jpeg" and data.count(b"\xff\xda") > MOST_SCANS_OF_A_JPEG:
        raise _too_many_pixels(name)


def _too_many_pixels(name: str) -> FileRefused:
    return FileRefused(f"“{name}” is too large a picture to be opened. Send a smaller copy of it.")


def _redraw(name: str, kind: str, picture: "Image") -> Prepared:
    from PIL import Image, ImageOps

    wanted = _within(picture.size)
    # A JPEG reads itself smaller, by halves, if it is told before it is read.
    picture.draft("RGB", wanted)
    upright = ImageOps.exif_transpose(picture)
    is_photo = kind not in {"image/png", "image/gif", "image/bmp"} and not _is_transparent(upright)
    plain = _in_plain_colours(upright, is_photo)
    if plain.width * plain.height > KEPT_PIXELS or max(plain.size) > KEPT_SIDE:
        plain = plain.resize(_within(plain.size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    ending, content_type = (".jpg", "image/jpeg") if is_photo else (".png", "image/png")
    return Prepared(
        name=_with_ending(name, ending),
        content_type=content_type,
        data=_written(plain, content_type, picture.info.get("icc_profile")),
        width=plain.width,
        height=plain.height,
        thumbnail=_thumbnail(plain),
    )


def _within(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    shrink = min(1.0, (KEPT_PIXELS / (width * height)) ** 0.5, KEPT_SIDE / max(size))
    return max(1, int(width * shrink)), max(1, int(height * shrink))


def _is_transparent(picture: "Image") -> bool:
    return picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info


def _in_plain_colours(picture: "Image", is_photo: bool) -> "Image":
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # 16 bits of grey, folded into 8; a plain convert() would cut everything above 255 to white.
        return picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    if is_photo:
        return picture.convert("RGB")
    if _is_transparent(picture):
        return picture.convert("RGBA")
    return picture if picture.mode in {"1", "L", "RGB"} else picture.convert("RGB")


def _written(picture: "Image", content_type: str, profile: bytes | None) -> bytes:
    out = io.BytesIO()
    # The colour profile says how red is red, nothing about a person; without it a phone's photo looks dull.
    kept = profile if picture.mode == "RGB" and profile and len(profile) <= 64 * 1024 else None
    bare = picture.copy()
    bare.info = {}
    if content_type == "image/jpeg":
        bare.save(out, "JPEG", quality=85, icc_profile=kept)
    else:
        bare.save(out, "PNG", compress_level=6, icc_profile=kept)
    return out.getvalue()


def _thumbnail(picture: "Image") -> bytes:
    from PIL import Image

    small = picture.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if small.mode == "RGBA":
        paper = Image.new("RGB", small.size, "white")
        paper.paste(small, mask=small.getchannel("A"))
        small = paper
    return _written(small.convert("RGB"), "image/jpeg", None)


def _with_ending(name: str, ending: str) -> str:
    stem, dot, old = name.rpartition(".")
    if dot and old.lower() in {"jpg", "jpeg"} and ending == ".jpg":
        return name
    return (stem if dot and len(old) <= 5 else name) + ending
