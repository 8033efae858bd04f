"""People of the tests; all invented."""

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from factory import Sequence, Trait, post_generation
from factory.django import DjangoModelFactory

from totem.accounts.models import User

PASSWORD = "cantine-numerique-2014"


class UserFactory(DjangoModelFactory[User]):
    """A person who can sign in with `PASSWORD`, or by code once their address is verified (the default)."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        english = Trait(language="en")
        inactive = Trait(is_active=False)
        superuser = Trait(is_staff=True, is_superuser=True)

    name = Sequence(lambda n: f"Personne {n}")
    email = Sequence(lambda n: f"personne{n}@example.org")
    language = "fr"
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: type[User], *_args: object, **kwargs: object) -> User:
        password = kwargs.pop("password")
        person = model_class(**{**kwargs, "email": str(kwargs["email"]).lower()}, password=make_password(password))
        person.save()
        return person

    @post_generation
    def verified(self: User, create: bool, extracted: bool | None, **_: object) -> None:
        if create and extracted is not False:
            EmailAddress.objects.create(user=self, email=self.email, verified=True, primary=True)
