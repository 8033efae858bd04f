"""allauth's adapter: name and language of new accounts, mails through the outbox, where to go after."""

import uuid
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse

from totem.accounts.models import User
from totem.core import languages, mail
from totem.core.client_address import client_address
from totem.core.email_addresses import canonical_address


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Mails are queued, never sent during a request: its duration must not reveal whether an account exists."""

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        user.name = form.cleaned_data["name"].strip()
        user.language = languages.active()
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the template `accounts/mail/NAME` for allauth's `account/email/NAME`; each call is a new mail."""
        name = template_prefix.rpartition("/")[2]
        mail.queue(
            key=f"accounts.{name}:{uuid.uuid4()}",
            to=email,
            language=self._language_of(context.get("user")),
            template=f"accounts/mail/{name}",
            context={**context, "email": email, "code_minutes": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60},
        )

    def _language_of(self, user: User | AnonymousUser | None) -> str:
        """The account's language; for an unknown address the page's, which does not reveal that it is unknown."""
        person = user or getattr(allauth_context.request, "user", None)
        return person.language if isinstance(person, User) else languages.active()

    def clean_email(self, email: str) -> str:
        """The address as accounts have it; raises ValidationError."""
        return canonical_address(email)

    def get_client_ip(self, request: HttpRequest) -> str:
        """What allauth's rate limits count by; raises ProxyMismatchError (400)."""
        return client_address(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return reverse("accounts:profile")

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        """After a change of address the profile; after sign-up the page that was asked for."""
        if self.request.user.is_authenticated:
            return reverse("accounts:profile")
        url: str = super().get_email_verification_redirect_url(email_address)
        return url
