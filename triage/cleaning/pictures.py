"""Pictures drawn anew from their points alone: nothing that stood beside the points can be in the copy. Pure.

Called only in the limited child: a picture that opens to gigabytes ends that process and no other.
"""

from __future__ import annotations

import io

from PIL import Image, ImageFile, ImageOps

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
MOST_POINTS = 40_000_000
LARGEST = (2_000, 2_000)
ORIENTATION = 0x0112  # of EXIF
MOST_LOSSLESS = 3 * 1024 * 1024  # a drawing or a screenshot is smaller; a photograph is kept as JPEG
QUALITY = 85
WHITE = (255, 255, 255)
PLAIN = ("RGB", "RGBA", "L", "LA", "CMYK", "YCbCr")
SEE_THROUGH = ("RGBA", "LA", "PA", "La", "RGBa")


class TooManyPoints(Exception):
    """The picture says that it has more points than we draw."""


def drawn_anew(content: bytes, content_type: str) -> tuple[bytes, str]:
    """A copy of a picture and the copy's content type; of a moving one its first frame. The right way up.

    Raises TooManyPoints before a point is read; whatever Pillow raises where there is no picture in it.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # what has arrived of a photograph is worth seeing
    Image.MAX_IMAGE_PIXELS = None  # asked here, and more strictly
    with Image.open(io.BytesIO(content), formats=[FORMATS[content_type]]) as picture:
        if picture.width * picture.height > MOST_POINTS:
            raise TooManyPoints
        picture.draft("RGB", LARGEST)  # a JPEG is read smaller at once
        reduced = _reduced(picture)
        upright = ImageOps.exif_transpose(reduced)
        return _written(_points(upright), lossless=content_type != "image/jpeg")


def _reduced(picture: Image.Image) -> Image.Image:
    """The first frame, no larger than we keep it; what it says of which side is up is all that stays beside it."""
    turned, mode = picture.getexif().get(ORIENTATION, 1), "RGBA" if _see_through(picture) else "RGB"
    if picture.mode in PLAIN:  # reduced before it is converted: both together would not fit in the child's memory
        picture.thumbnail(LARGEST)
    made = picture.convert(mode)
    made.thumbnail(LARGEST)
    made.info = {}
    made.getexif()[ORIENTATION] = turned
    return made


def _see_through(picture: Image.Image) -> bool:
    return picture.mode in SEE_THROUGH or "transparency" in picture.info


def _points(picture: Image.Image) -> Image.Image:
    """The same points in an image that never had anything else."""
    return Image.frombytes(picture.mode, picture.size, picture.tobytes())


def _written(picture: Image.Image, *, lossless: bool) -> tuple[bytes, str]:
    if lossless:
        out = io.BytesIO()
        picture.save(out, "PNG")
        if out.tell() <= MOST_LOSSLESS:
            return out.getvalue(), "image/png"
    if picture.mode == "RGBA":
        ground = Image.new("RGB", picture.size, WHITE)
        ground.paste(picture, mask=picture.getchannel("A"))
        picture = ground
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue(), "image/jpeg"
