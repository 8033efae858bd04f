"""Photos that people send."""

from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from totem.core import images


def upload(image: Image.Image, kind: str) -> SimpleUploadedFile:
    content = BytesIO()
    image.save(content, kind)
    return SimpleUploadedFile("photo", content.getvalue())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_photos_of_every_kind_become_webp(kind: str, mode: str):
    made = images.prepare_photo(upload(Image.new(mode, (300, 200)), kind))
    with Image.open(made) as kept:
        assert (kept.format, kept.size) == ("WEBP", (300, 200))


def test_a_transparent_drawing_stands_on_white():
    made = images.prepare_photo(upload(Image.new("RGBA", (30, 20), (255, 0, 0, 0)), "PNG"))
    with Image.open(made) as kept:
        assert kept.getpixel((15, 10)) == (255, 255, 255)


def test_other_kinds_are_refused_whatever_they_call_themselves():
    with pytest.raises(ValidationError):
        images.prepare_photo(upload(Image.new("P", (30, 20)), "GIF"))


def test_a_small_file_that_unpacks_to_a_huge_image_is_refused():
    with pytest.raises(ValidationError) as refusal:
        images.prepare_photo(upload(Image.new("1", (10_000, 5_100)), "PNG"))
    assert refusal.value.code == "large"
