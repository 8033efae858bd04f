"""Uploaded photos: checked, turned upright, stripped of metadata and resized for the screen."""

import secrets
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from totem.core.expensive import one_at_a_time

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE = 1600
# More than a phone takes. A JPEG is decoded at a fraction of its size; others take ten bytes a pixel for a moment.
MOST_PIXELS = {"JPEG": 50_000_000}
MOST_PIXELS_DECODED = 25_000_000
QUALITY = 82


def prepare_photo(upload: "UploadedFile[bytes]") -> "ContentFile[bytes]":
    """The photo as WebP, at most 1600 pixels on its longer side, upright, without EXIF; with a random file name.

    Raises ValidationError (codes `heavy`, `large`, `kind`), and BusyError while others are prepared.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - 3 MB that pages need not

    if upload.size is None or upload.size > settings.PHOTO_MAX_BYTES:
        limit = settings.PHOTO_MAX_BYTES // 1024 // 1024
        raise ValidationError(_("This photo is too heavy: at most %(limit)s MB.") % {"limit": limit}, code="heavy")
    content = BytesIO(upload.read())
    try:
        with Image.open(content, formats=FORMATS) as image:
            most = MOST_PIXELS.get(image.format or "", MOST_PIXELS_DECODED)
            if image.width * image.height > most:
                words = _("This photo is too large: at most %(limit)s million pixels.")
                raise ValidationError(words % {"limit": most // 1_000_000}, code="large")
            with one_at_a_time():
                upright = _small_and_upright(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValidationError(
            _("This is not a photo that can be read. Send a JPEG, PNG or WebP."), code="kind"
        ) from error
    # Pasted on a new white image: the pixels are copied, and no metadata.
    plain = Image.new("RGB", upright.size, "white")
    plain.paste(upright, mask=upright)
    written = BytesIO()
    plain.save(written, "WEBP", quality=QUALITY)
    return ContentFile(written.getvalue(), name=f"{secrets.token_hex(8)}.webp")


def _small_and_upright(image: "Image.Image") -> "Image.Image":
    """Resized first (a JPEG is not even decoded in full): whatever is copied afterwards is small."""
    from PIL import Image, ImageOps  # noqa: PLC0415

    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    if image.mode not in {"RGB", "RGBA"}:
        image = image.convert("RGBA")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return ImageOps.exif_transpose(image).convert("RGBA")


class PhotoInput(forms.FileInput):
    """A file input that accepts images only; opens the camera roll on a phone."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"accept": "image/jpeg,image/png,image/webp", **(attrs or {})})


class PhotoField(forms.FileField):
    """Cleans an upload to the `ContentFile` returned by `prepare_photo`."""

    widget = PhotoInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        upload = super().clean(data, initial)
        return prepare_photo(upload) if isinstance(upload, UploadedFile) else upload
