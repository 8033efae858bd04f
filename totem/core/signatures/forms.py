"""Forms of who signs, and of who checks a signature."""

from django import forms
from django.utils.translation import gettext_lazy as _

from totem.core.codes import CodeField
from totem.core.visible_names import validate_name


class SignatureForm(forms.Form):
    """Who signs, in what capacity, and that they agree."""

    name = forms.CharField(label=_("First and last name"), max_length=150, validators=[validate_name])
    capacity = forms.CharField(
        label=_("In what capacity"),
        max_length=150,
        required=False,
        validators=[validate_name],
        help_text=_("For instance: manager of the company, president of the association. Empty: for yourself."),
    )
    consent = forms.BooleanField(
        label=_("I have read the file and approve all of it."),
        error_messages={"required": _("Read the file, then tick this box to sign it.")},
    )


class SigningCodeForm(forms.Form):
    """The code that was mailed to sign."""

    code = CodeField()


class DeclineToSignForm(forms.Form):
    """Why one does not sign, if they wish to say it."""

    reason = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("If you wish to say it: who asked you to sign reads it."),
    )


class CheckForm(forms.Form):
    """What one has of a signed file: the reference of its certificate, or its digest."""

    q = forms.CharField(
        label=_("Reference, or digest of the file"),
        max_length=100,
        help_text=_("The reference is on the certificate of signatures. The digest (SHA-256) has 64 characters."),
    )
