"""Forms for shapes drawn, typed or uploaded, and for what a perimeter is made of."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from totem.core.expensive import BusyError
from totem.core.forms import DateField
from totem.territories.cut_communes import CutQuestion, cut_question
from totem.territories.forms import PlacesField
from totem.territories.geojson import SIGNED_IN, SizeLimit
from totem.territories.models import Commune, CutRule
from totem.territories.overlaps import RULE_WORDS, Overlap, overlap_of, shape_code
from totem.territories.places import folding
from totem.territories.projections import PROJECTIONS, projection_words
from totem.territories.shapes import as_geojson, parse_shape


class ShapeInput(forms.Textarea):
    """GeoJSON, written by the map above it where JavaScript runs."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 4, "spellcheck": "false", "autocomplete": "off", **(attrs or {})})


class ShapeForm(forms.Form):
    """A shape drawn, typed or uploaded; `polygon` is None when there is none.

    A shape that can be corrected is refused once, with the corrected one in its field to confirm. `limit` is the
    largest that is parsed.
    """

    limit: SizeLimit = SIGNED_IN

    shape = forms.CharField(
        label=gettext_lazy("The shape, as GeoJSON"),
        required=False,
        widget=ShapeInput,
        help_text=gettext_lazy("Draw it on the map, or paste it: longitude first, in degrees (WGS 84)."),
    )
    shape_file = forms.FileField(
        label=gettext_lazy("Or a GeoJSON file"),
        required=False,
        allow_empty_file=True,
        help_text=gettext_lazy("At most 10 MB."),
        widget=forms.ClearableFileInput({"accept": ".geojson,.json,application/geo+json"}),
    )
    projection = forms.TypedChoiceField(
        label=gettext_lazy("Its coordinates"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", gettext_lazy("Recognise them")),
            *((code, projection_words(code)) for code in PROJECTIONS),
        ],
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["polygon"], data["codes"] = None, frozenset()
        upload, text = data.get("shape_file"), (data.get("shape") or "").strip()
        field = "shape_file" if upload else "shape"
        if not upload and not text:
            return data
        content = upload.read(self.limit.bytes + 1) if upload else text
        try:
            reading = parse_shape(content, epsg=data.get("projection"), limit=self.limit)
        except BusyError:
            self.add_error(field, _("Other shapes are being read: send yours again in a few seconds."))
            return data
        for words in reading.messages:
            self.add_error(field, words)
        if reading.corrected is not None:
            self.data = {name: self.data[name] for name in self.data} | {"shape": as_geojson(reading.corrected)}
        data["polygon"], data["codes"] = reading.polygon, reading.codes
        return data


class PerimeterVersionForm(ShapeForm):
    """What a perimeter is made of from a day on: places, or a shape.

    A shape whose edge cuts communes is refused once: `question` is then set, and the field `cut` asks what counts of
    them, with what each answer counts.
    """

    rule = RULE_WORDS
    question: CutQuestion | None = None

    places = PlacesField(label=gettext_lazy("Places"), required=False)
    valid_from = DateField(label=gettext_lazy("Valid from"))
    note = forms.CharField(label=gettext_lazy("What changed"), max_length=300, required=False)
    cut = forms.ChoiceField(
        label=gettext_lazy("What counts of these communes"),
        choices=CutRule.choices,
        widget=forms.RadioSelect,
        required=False,
        help_text=gettext_lazy("After each answer: the digital establishments that the whole area then counts."),
    )
    cut_of = forms.CharField(widget=forms.HiddenInput, required=False)  # the shape that the question was about
    field_order: tuple[str, ...] = ("places", "shape", "shape_file", "projection", "valid_from", "note")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not {"places", "shape", "shape_file"} & self.errors.keys():
            if data["places"] and data["polygon"] is not None:
                self.add_error("shape", _("Either places or a shape: leave one of them empty."))
            elif not data["places"] and data["polygon"] is None:
                self.add_error("places", _("Name at least one place, or draw a shape."))
            elif data["polygon"] is not None:
                overlap = overlap_of(data["polygon"])
                if not self._offers_communes(data["codes"], overlap):
                    self._ask_about_cut_communes(data, overlap)
        return data

    def _offers_communes(self, codes: frozenset[str], overlap: Overlap) -> bool:
        """Whether the features are communes by their codes and by their shape: these are then offered as places."""
        known = folding() if codes else {}
        communes = {known.get(code, "") for code in codes}
        if not codes or communes != set(overlap.counted(CutRule.MAJORITY)[0]):
            return False
        labels = [row.label for row in Commune.objects.filter(pk__in=communes).order_by("sort_key")]
        self.data = {name: self.data[name] for name in self.data} | {"places": "\n".join(labels), "shape": ""}
        words = ngettext(
            "This file names %(count)s commune, which is listed above in its place: save to keep it.",
            "This file names %(count)s communes, which are listed above in its place: save to keep them.",
            len(labels),
        )
        self.add_error("shape_file", words % {"count": len(labels)})
        return True

    def _ask_about_cut_communes(self, data: dict[str, Any], overlap: Overlap) -> None:
        polygon = data["polygon"]
        shape = shape_code(polygon)
        data["cut"] = data.get("cut") or self.initial.get("cut") or CutRule.INSIDE
        if not overlap.cut or data["cut_of"] == shape:
            return
        self.question = cut_question(polygon, overlap)
        self.fields["cut"].choices = self.question.answers  # type: ignore[attr-defined]
        self.fields["cut"].required = True
        answer = {"shape": as_geojson(polygon), "cut": data["cut"], "cut_of": shape}
        self.data = {name: self.data[name] for name in self.data} | answer
        self.add_error("cut", _("The edge of the shape cuts communes: say what counts of them, then save."))


class PerimeterForm(PerimeterVersionForm):
    """A new perimeter."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    public = forms.BooleanField(label=gettext_lazy("Shown to the public"), required=False)
    field_order = ("name", "places", "shape", "shape_file", "projection", "valid_from", "note", "public")
