"""Photographs, made harmless before they are kept.

A phone writes into a photograph where it was taken, when, and with what. ``cleaned``
decodes the picture, turns it as it was held, and writes the bare pixels anew: position,
preview, comments and whatever else came with them are gone.

Pure, but for time and memory: one picture is decoded at a time, of at most ``MOST_PIXELS``.
"""

from __future__ import annotations

import struct
import threading
import zlib
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from engine.errors import InvalidRequest, TooLarge

MOST_PIXELS = 50_000_000
"""What a phone's camera gives; a file of a few bytes may claim to be a million times that."""

LONGEST_SIDE = 2_560
"""Pixels of the longer side that are kept: enough to read a number plate across a street."""

QUALITY = 85
FORMATS = ("JPEG", "PNG", "WEBP")
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}
ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png"}
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")

# The bound is our own, below; the library's is a warning, which a server would not hear.
Image.MAX_IMAGE_PIXELS = None
_one_at_a_time = threading.Lock()


class Picture(NamedTuple):
    """A picture that may be kept."""

    media_type: str
    content: bytes


def is_picture(content: bytes) -> bool:
    """Say whether bytes begin like a picture of a kind that ``cleaned`` takes."""
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return is_webp or content.startswith(_BEGINNINGS)


def is_heic(content: bytes) -> bool:
    """Say whether bytes are a HEIF picture, as iPhones keep them: it cannot be cleaned here.

    What decodes it brings libraries under copyleft licences along; phones send JPEG where a
    page asks for it.
    """
    return content[4:8] == b"ftyp" and content[8:12] in _HEIF


def cleaned(content: bytes) -> Picture:
    """Return the picture in ``content`` upright and without anything but its pixels.

    The same bytes give the same picture. A PNG stays one, everything else becomes a JPEG.

    Raises:
        InvalidRequest: it is no whole JPEG, PNG or WebP picture.
        TooLarge: it has more than ``MOST_PIXELS``.
    """
    with _one_at_a_time:
        try:
            return _cleaned(content)
        except (
            UnidentifiedImageError,
            OSError,
            ValueError,
            SyntaxError,
            EOFError,
            IndexError,
            struct.error,
            zlib.error,
        ) as reason:
            raise InvalidRequest(
                "The picture cannot be read.", hint="Send a whole JPEG, PNG or WebP file."
            ) from reason


def _cleaned(content: bytes) -> Picture:
    with Image.open(BytesIO(content), formats=FORMATS) as opened:
        width, height = opened.size
        if width * height > MOST_PIXELS:
            raise TooLarge(
                f"The picture has {width} x {height} pixels; {MOST_PIXELS} are allowed.",
                hint="Make it smaller, or take it with a lower resolution.",
            )
        kind = "PNG" if opened.format == "PNG" else "JPEG"
        # A JPEG is decoded no larger than it is needed.
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        bare = _bare(upright, kind)
    written = BytesIO()
    if kind == "PNG":
        bare.save(written, "PNG")
    else:
        bare.save(written, "JPEG", quality=QUALITY)
    return Picture(TYPES[kind], written.getvalue())


def _bare(image: Image.Image, kind: str) -> Image.Image:
    """Return the pixels in a new picture, which has nothing else."""
    mode = "RGBA" if kind == "PNG" and image.has_transparency_data else "RGB"
    pixels = image.convert(mode)
    bare = Image.new(mode, pixels.size)
    bare.paste(pixels)
    return bare
