"""QR codes, drawn in the page."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from totem.core.components import Words

register = template.Library()


@register.simple_tag
def qr_code(text: str, label: Words) -> SafeString:
    """The QR code of `text` as an image named `label`, black on white with its margin."""
    import segno  # noqa: PLC0415 - few pages have one

    drawing = segno.make_qr(text).svg_inline(light="#fff", omitsize=True)
    return format_html('<div class="qr" role="img" aria-label="{}">{}</div>', label, SafeString(drawing))
