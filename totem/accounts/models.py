"""Accounts of people. They sign in with their e-mail address; there is no user name."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Length, Lower, Now
from django.utils.translation import gettext_lazy as _

from totem.core import languages
from totem.core.email_addresses import canonical_address
from totem.core.model_fields import NameField
from totem.core.models import Dated
from totem.core.sort_keys import SortKeyField


class UserManager(BaseUserManager["User"]):
    """Creates accounts, with the address in lower case as a constraint requires."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A saved account; without a password one signs in by e-mailed code. Raises ValidationError for no address."""
        user = self.model(email=canonical_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An account that may do everything, for `manage.py createsuperuser`."""
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class DemoRole(models.TextChoices):
    """The persons that the sign-in page of the demonstration offers, one click each."""

    MANAGER = "manager", _("Hub manager")
    DESK = "desk", _("Front desk")
    MEMBER = "member", _("Member")
    OFFICER = "officer", _("Chief digital officer")
    VISITOR = "visitor", _("Visitor")


class NewDeskCode(models.Func):
    """32 random letters (122 bits), drawn by the database.

    Only letters that stand at one place on French, English and German keyboards: a reader of codes types them, and
    digits would arrive as « &é" » on a French one.
    """

    template = "translate(replace(gen_random_uuid()::text, '-', ''), '0123456789abcdef', 'BCDFGHJKLNPRSTVX')"
    output_field: ClassVar = models.CharField()
    arity = 0


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Erased people keep their row (ids are referred to) and lose everything personal."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = NameField(_("name"), max_length=150)
    sort_key = SortKeyField(source="name", db_index=True)
    language = models.CharField(_("language"), max_length=5, choices=languages.choices, default=settings.LANGUAGE_CODE)
    phone = models.CharField(
        _("telephone"),
        max_length=20,
        blank=True,
        default="",
        db_default="",  # the former version inserts during an upgrade
        help_text=_("Read by the teams of the hubs that you belong to or have booked in."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may open the back office"), default=False)
    date_joined = models.DateTimeField(_("date joined"), db_default=Now())
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)
    desk_code = models.CharField(
        max_length=32,
        unique=True,
        editable=False,
        db_default=NewDeskCode(),
        help_text="What a person's QR code holds: it says nothing, and can be renewed.",
    )
    demo_role = models.CharField(max_length=10, choices=DemoRole.choices, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering: ClassVar = ["sort_key", "id"]
        constraints: ClassVar = [
            # With the unique index this makes addresses unique whatever their case.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="accounts_email_lower_case"),
            # And whatever becomes of letters outside ASCII when the case changes (`core.email_addresses`).
            models.CheckConstraint(
                condition=models.lookups.Exact(
                    models.Func(models.F("email"), function="octet_length", output_field=models.IntegerField()),
                    Length("email"),
                ),
                name="accounts_email_ascii",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = canonical_address(self.email)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def waiting(self) -> Self:
        """Those that wait for an answer."""
        return self.filter(declined_at=None, withdrawn_at=None)


class Invitation(Dated):
    """An invitation by address, with or without an account, to what `kind` says; deleted once accepted.

    `kind` is the name of an `accounts.invitations.InvitationKind`, `subject_id` the row of its model. One that was
    declined or withdrawn stays: an address is not invited twice to one thing.
    """

    kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    email = models.EmailField(_("e-mail address"))
    offer = models.JSONField(default=dict, help_text="What is offered: a role, the days of a membership.")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    mails = models.PositiveSmallIntegerField(_("mails sent"), default=1)
    sent_at = models.DateTimeField(_("last mail"))
    declined_at = models.DateTimeField(_("declined"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "subject_id", "email"], name="invitation_of_address_once"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="invitation_email_lower_case"),
        ]
        indexes: ClassVar = [models.Index(fields=["email"], name="invitation_at_address")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
