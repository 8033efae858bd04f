"""`totem staff EMAIL`: somebody of the staff of the installation, with a link to choose a password."""

from argparse import ArgumentParser
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import translation

from totem.accounts.actions import appoint_staff
from totem.core import languages


class Command(BaseCommand):
    help = "Makes an account for the staff of the installation, and prints a link that signs in once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="of the account, which is made when there is none")
        parser.add_argument("--name", default="", help="of the person")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            with translation.override(languages.ENGLISH):  # the console has one language
                person = appoint_staff(email=options["email"], name=options["name"])
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from refused
        key = {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}
        days = settings.PASSWORD_RESET_TIMEOUT // (24 * 3600)
        self.stdout.write(
            f"{person.email} may look after this installation. To choose a password, once, in {days} days:"
        )
        self.stdout.write(f"{settings.SITE_URL}{reverse('account_reset_password_from_key', kwargs=key)}")
