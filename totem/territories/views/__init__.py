"""Pages of places, of a territory's team and of its documents."""

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from totem.core.components import Crumb

SHOW_AND_SEND = ["GET", "HEAD", "POST"]


def status_of(request: HttpRequest) -> int:
    """A form shown again after it was sent was refused: 422."""
    return 422 if request.method == "POST" else 200


def refused(form: BaseForm, error: ValidationError) -> None:
    """What an action refuses stands in the form, at its field where the form has it."""
    known = getattr(error, "error_dict", {None: error})
    for name, errors in known.items():
        form.add_error(name if name in form.fields else None, errors)


def trail(*steps: tuple[str, str]) -> list[Crumb]:
    """The way back, from the territories down; without the page itself."""
    return [Crumb(_("Territories"), reverse("territories:index")), *(Crumb(*step) for step in steps)]
