"""allauth's forms with Totem's labels, without placeholders or repeated passwords; and the profile form."""

from typing import TYPE_CHECKING, Any

from allauth.account import forms as allauth_forms
from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from totem.accounts.models import User
from totem.core.codes import CodeField
from totem.core.phones import PhoneField
from totem.core.visible_names import validate_name

if TYPE_CHECKING:
    UserModelForm = forms.ModelForm[User]
else:
    UserModelForm = forms.ModelForm

LABELS = {
    "email": _("E-mail address"),
    "login": _("E-mail address"),
    "name": _("Your name"),
    "password": _("Password"),
    "password1": _("New password"),
    "oldpassword": _("Current password"),
}
LENGTH_HELP = _("At least 12 characters. A sentence is easier to remember, and stronger.")


class RelabelledForm(forms.Form):
    """Totem's labels, no placeholder, one password field (the browser can show what was typed)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = LABELS.get(name, field.label)
            field.help_text = LENGTH_HELP if name == "password1" else ""
        if "code" in self.fields:
            self.fields["code"] = CodeField()
            self.fields["code"].widget.attrs["autofocus"] = True


class LoginForm(RelabelledForm, allauth_forms.LoginForm):  # type: ignore[misc]
    pass


class SignupForm(RelabelledForm, allauth_forms.SignupForm):  # type: ignore[misc]
    """Name and address; the password is optional, without one a code is mailed at each sign-in."""

    name = forms.CharField(max_length=150, validators=[validate_name], widget=forms.TextInput({"autocomplete": "name"}))
    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("Password")
        self.fields["password1"].help_text = _(
            "At least 12 characters. Without one, each time you sign in a code is sent to your address."
        )

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists and self.cleaned_data["password1"]:
            # An address that has an account costs what a new one does: the time of the answer tells nothing.
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        password = data.get("password1")
        if password and "password1" not in self.errors:
            try:
                validate_password(password, User(email=data.get("email", ""), name=data.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data


class RequestLoginCodeForm(RelabelledForm, allauth_forms.RequestLoginCodeForm):  # type: ignore[misc]
    pass


class ConfirmLoginForm(RelabelledForm, allauth_forms.ConfirmLoginCodeForm):  # type: ignore[misc]
    pass


class ConfirmEmailForm(RelabelledForm, allauth_forms.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    pass


class ConfirmPasswordResetForm(RelabelledForm, allauth_forms.ConfirmPasswordResetCodeForm):  # type: ignore[misc]
    pass


class ResetPasswordForm(RelabelledForm, allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    pass


class NewPasswordForm(RelabelledForm, allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class ChangePasswordForm(RelabelledForm, allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    pass


class SetPasswordForm(RelabelledForm, allauth_forms.SetPasswordForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(RelabelledForm, allauth_forms.ReauthenticateForm):  # type: ignore[misc]
    pass


class ChangeEmailForm(RelabelledForm, allauth_forms.AddEmailForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New e-mail address")
        self.fields["email"].help_text = _("A code is sent there; the address changes once you have typed it.")


class ProfileForm(UserModelForm):
    """The name, the language and the telephone of an account."""

    phone = PhoneField(label=_("Telephone"), required=False, help_text=User._meta.get_field("phone").help_text)

    class Meta:
        model = User
        fields = ("name", "language", "phone")
        widgets = {"name": forms.TextInput({"autocomplete": "name"})}
        help_texts = {"language": _("Of the pages and of the mails you receive.")}
