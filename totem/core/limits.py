"""Limits: how much one taker may have at once of something that is scarce, such as holds, unit-hours or documents.

A room declares its limits in `limits.py` and calls `require` in the transaction of its action:

    HOLDS = limits.register(Limit("bookings.holds", ..., defaults={"person": 3, "address": 3}, taken=_holds_of))

    @limits.atomic()
    def book(...):
        limits.require(HOLDS, Taker.person(person.pk), scope=hub, now=now)

What is taken is counted in the rows of the room while the taker is locked, so that concurrent requests cannot exceed
the amount; what was refused takes nothing. Amounts are set by those who manage the scope (a hub, or None for the
installation), who may also lift the limits for one taker until some moment.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core import journal, locks, wording
from totem.core.client_address import client_address
from totem.core.compiled_queries import AnyOf, CompiledQuery, QueryParameter
from totem.core.models import LimitAmount, LimitRefusal

Text = str | Promise
Amount = int | Decimal
Scope = models.Model | None

REFUSALS_KEPT = timedelta(days=30)


class TakerKind(StrEnum):
    """What identifies a taker; also the group whose amount holds for it, unless it has another."""

    PERSON = "person"
    ADDRESS = "address"  # the network address of a client without an account
    MAILBOX = "mailbox"  # the e-mail address that something is sent to


@dataclass(frozen=True)
class Taker:
    """Who takes. `group` is whose amount holds for it ("member"); by default that of its kind."""

    kind: TakerKind
    key: str
    group: str = ""

    @classmethod
    def person(cls, pk: int, group: str = "") -> "Taker":
        return cls(TakerKind.PERSON, str(pk), group)

    @classmethod
    def address(cls, digest: str) -> "Taker":
        """The client whose `address_digest` this is; rows that count keep the digest, never the address."""
        return cls(TakerKind.ADDRESS, digest)

    @classmethod
    def mailbox(cls, email: str) -> "Taker":
        return cls(TakerKind.MAILBOX, email.strip().lower())

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


def address_digest(request: HttpRequest) -> str:
    """A keyed digest (32 hexadecimal digits) of the client's address; see `core.client_address`."""
    return salted_hmac("limits.address", client_address(request), algorithm="sha256").hexdigest()[:32]


GROUPS: dict[str, Any] = {
    "person": gettext_lazy("A person"),
    "member": gettext_lazy("A member"),
    "address": gettext_lazy("An internet connection, without an account"),
    "mailbox": gettext_lazy("An e-mail address"),
}
"""What a group of takers is called; a room that has a group of its own adds it."""


@dataclass(frozen=True)
class Exemption:
    """Why something is not counted; a limit names those that it allows. `name` is kept in rows."""

    name: str
    label: Text = field(compare=False)


TEAM = Exemption("team", gettext_lazy("Done by the team"))
SERIES = Exemption("series", gettext_lazy("Part of a series"))
IMPORTS = Exemption("imports", gettext_lazy("Imported"))
EVENTS = Exemption("events", gettext_lazy("For an event"))


@dataclass(frozen=True)
class Limit:
    """How much of something one taker may have at once.

    `defaults` gives the amount of each group of takers that it applies to (None: no limit), `words` an amount with its
    unit, `taken` how much `(taker, scope, now)` has now, `frees_at` when some of it is free again. `scope` is the model
    whose rows it is counted in ("hubs.hub"), empty for the whole installation.
    """

    name: str
    label: Text
    defaults: Mapping[str, int | None]
    words: Callable[[Amount], str]
    taken: Callable[[Taker, Scope, datetime], Amount]
    frees_at: Callable[[Taker, Scope, datetime], datetime | None] | None = None
    scope: str = ""
    exempt: frozenset[Exemption] = field(default_factory=frozenset)

    def group_of(self, taker: Taker) -> str:
        """The group whose amount holds for the taker: its own where the limit knows it, else its kind."""
        return taker.group if taker.group in self.defaults else str(taker.kind)


class LimitReached(ValidationError):
    """The taker has, or would have, more than the amount; nothing is written."""

    def __init__(
        self, limit: Limit, taker: Taker, scope: Scope, now: datetime, *, taken: Amount, adding: Amount, amount: int
    ) -> None:
        self.limit, self.taker, self.scope, self.at = limit, taker, scope, now
        self.taken, self.adding, self.amount = taken, adding, amount
        self.frees_at = limit.frees_at(taker, scope, now) if limit.frees_at else None
        super().__init__(" ".join(self._sentences()), code="limit")

    def _sentences(self) -> Iterator[str]:
        words, amounts = self.limit.words, {"taken": self.taken, "adding": self.adding, "amount": self.amount}
        yield _SENTENCES[self.taker.kind] % {
            "what": self.limit.label,
            **{name: words(amount) for name, amount in amounts.items()},
        }
        if self.frees_at is not None:
            zone = getattr(self.scope, "zone", timezone.get_current_timezone())
            when = {"day": wording.day_words(self.frees_at, zone), "hour": wording.hour(self.frees_at, zone)}
            yield _("Some is free again %(day)s at %(hour)s.") % when


_SENTENCES = {
    TakerKind.PERSON: gettext_lazy(
        "%(what)s: you have %(taken)s and this would add %(adding)s; the limit is %(amount)s."
    ),
    TakerKind.ADDRESS: gettext_lazy(
        "%(what)s: your internet connection, which others may share, has %(taken)s and this would add %(adding)s; "
        "the limit is %(amount)s."
    ),
    TakerKind.MAILBOX: gettext_lazy(
        "%(what)s: this address has %(taken)s and this would add %(adding)s; the limit is %(amount)s."
    ),
}

_registry: dict[str, Limit] = {}


def register(limit: Limit) -> Limit:
    """Make the limit known and return it. Raises ValueError when the name is taken."""
    if limit.name in _registry:
        raise ValueError(f"Two limits are called {limit.name}.")
    _registry[limit.name] = limit
    return limit


def of_scope(scope: Scope) -> list[Limit]:
    """The limits that are counted in that scope, in the order in which they were registered."""
    label = scope._meta.label_lower if scope is not None else ""
    return [limit for limit in _registry.values() if limit.scope == label]


def named(name: str) -> Limit:
    """The limit of that name; raises KeyError."""
    return _registry[name]


# -- In an action -----------------------------------------------------------------------------------------------------


@contextmanager
def atomic() -> Iterator[None]:
    """A transaction, as a `with` block or a decorator; a refusal by a limit is recorded once it is rolled back."""
    try:
        with transaction.atomic():
            yield
    except LimitReached as reached:
        _record_refusal(reached)
        raise


def require(
    limit: Limit,
    taker: Taker,
    *,
    now: datetime,
    adding: Amount = 1,
    scope: Scope = None,
    exemption: Exemption | None = None,
) -> None:
    """Raises LimitReached where `adding` would give the taker more than the amount. Call it before what it counts.

    Inside a transaction, in the order of `core.locks`; several takers in the order person, address, mailbox. Raises
    ValueError for an exemption that the limit does not allow.
    """
    if exemption is not None:
        if exemption not in limit.exempt:
            raise ValueError(f"{limit.name} is not lifted for {exemption.name}.")
        return
    amount = amounts(limit, taker, scope, now).current
    if amount is None:
        return
    lock(taker)
    taken = limit.taken(taker, scope, now)
    if taken + adding > amount:
        raise LimitReached(limit, taker, scope, now, taken=taken, adding=adding, amount=amount)


def lock(taker: Taker) -> None:
    """Lock the taker until the transaction ends, for an action that has to do so before it knows what it adds."""
    locks.lock(locks.LockKind.TAKER, [int.from_bytes(sha256(str(taker).encode()).digest()[:6])])


def _record_refusal(reached: LimitReached) -> None:
    """Keep when the taker was last refused, for whoever may lift the limit; one row a taker, limit and scope."""
    if reached.taker.kind == TakerKind.MAILBOX:
        return
    row = LimitRefusal(
        limit=reached.limit.name, scope=scope_key(reached.scope), taker=str(reached.taker), at=reached.at
    )
    LimitRefusal.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["limit", "scope", "taker"], update_fields=["at"]
    )


# -- Amounts and lifts ------------------------------------------------------------------------------------------------


def scope_key(scope: Scope) -> str:
    """The scope as rows keep it: hub:3, or empty for the installation."""
    return f"{scope._meta.model_name}:{scope.pk}" if scope is not None else ""


class Amounts(NamedTuple):
    """The amount that holds for a taker now (None: no limit), and until when its limits are lifted."""

    current: int | None
    lifted_until: datetime | None = None


_AMOUNTS = CompiledQuery(
    lambda: (
        LimitAmount.objects.in_force(QueryParameter("now", models.DateTimeField()))
        .filter(limit=QueryParameter("limit", models.TextField()), scope=QueryParameter("scope", models.TextField()))
        .filter(AnyOf("taker", QueryParameter("takers", ArrayField(models.TextField()))))
        .values_list("taker", "amount", "until")
    )
)


def amounts(limit: Limit, taker: Taker, scope: Scope, now: datetime) -> Amounts:
    """What holds for the taker: what was lifted for it, else what was set for its group, else the default."""
    group = limit.group_of(taker)
    rows = _AMOUNTS.rows(now=now, limit=limit.name, scope=scope_key(scope), takers=[group, str(taker)])
    known = {whose: Amounts(amount, until) for whose, amount, until in rows}
    return known.get(str(taker)) or known.get(group) or Amounts(limit.defaults[group])


class LimitUse(NamedTuple):
    """What a taker has of a limit; `amount` is None where nothing limits it now."""

    limit: Limit
    taken: Amount
    amount: int | None
    lifted_until: datetime | None
    refused_at: datetime | None

    @property
    def words(self) -> str:
        """« 2 bookings of 3 »."""
        if self.amount is None:
            return _("%(taken)s, without limit") % {"taken": self.limit.words(self.taken)}
        words = {"taken": self.limit.words(self.taken), "amount": self.limit.words(self.amount)}
        return _("%(taken)s (at most %(amount)s)") % words


def uses(taker: Taker, scope: Scope, now: datetime) -> list[LimitUse]:
    """What the taker has of each limit of the scope that applies to it."""
    refusals = LimitRefusal.objects.filter(scope=scope_key(scope), taker=str(taker))
    refused = dict(refusals.values_list("limit", "at"))
    return [
        LimitUse(
            limit,
            limit.taken(taker, scope, now),
            *amounts(limit, taker, scope, now),
            refused_at=refused.get(limit.name),
        )
        for limit in of_scope(scope)
        if limit.group_of(taker) in limit.defaults
    ]


def amounts_set(scope: Scope) -> dict[tuple[str, str], int | None]:
    """The amount of each limit of the scope for each group: as it was set, else the default."""
    defaults = {(limit.name, group): n for limit in of_scope(scope) for group, n in limit.defaults.items()}
    rows = LimitAmount.objects.filter(scope=scope_key(scope), until=None).values_list("limit", "taker", "amount")
    return {**defaults, **{(name, group): n for name, group, n in rows if (name, group) in defaults}}


@transaction.atomic
def set_amounts(*, scope: Scope, values: Mapping[tuple[str, str], int | None], by: AbstractBaseUser) -> None:
    """Set the amounts by name of the limit and group; None for no limit."""
    before = amounts_set(scope)
    changed = {key: amount for key, amount in values.items() if before[key] != amount}
    _write((LimitAmount(limit=name, taker=group, amount=n) for (name, group), n in changed.items()), scope)
    if changed:
        _journal("limits.set", scope, by, amounts={f"{name}/{group}": n for (name, group), n in changed.items()})


@transaction.atomic
def lift(*, taker: Taker, scope: Scope, until: datetime, by: AbstractBaseUser) -> None:
    """Lift all limits of the scope for the taker until that moment, its own Wi-Fi for instance."""
    applying = (limit for limit in of_scope(scope) if limit.group_of(taker) in limit.defaults)
    _write((LimitAmount(limit=limit.name, taker=str(taker), amount=None, until=until) for limit in applying), scope)
    _journal("limits.lifted", scope, by, until=until.isoformat(), **_facts(taker))


@transaction.atomic
def end_lift(*, taker: Taker, scope: Scope, by: AbstractBaseUser) -> None:
    """The limits hold again for the taker."""
    if LimitAmount.objects.filter(scope=scope_key(scope), taker=str(taker)).delete()[0]:
        _journal("limits.lift_ended", scope, by, **_facts(taker))


def _write(rows: Iterable[LimitAmount], scope: Scope) -> None:
    written = list(rows)
    for row in written:
        row.scope = scope_key(scope)
    LimitAmount.objects.bulk_create(
        written, update_conflicts=True, unique_fields=["limit", "scope", "taker"], update_fields=["amount", "until"]
    )


def _facts(taker: Taker) -> dict[str, object]:
    """The journal names a person by id; a digest of an address it does not keep."""
    return {"taker": str(taker.kind), **({"person": int(taker.key)} if taker.kind == TakerKind.PERSON else {})}


def _journal(verb: str, scope: Scope, by: AbstractBaseUser, **facts: object) -> None:
    journal.record(verb, scope or by, actor_id=by.pk, scope=scope, facts=facts)


# -- Privacy ----------------------------------------------------------------------------------------------------------


def erase_old(*, now: datetime) -> None:
    """Delete the lifts that are over, and the refusals of more than thirty days ago."""
    LimitAmount.objects.filter(until__lte=now).delete()
    LimitRefusal.objects.filter(at__lte=now - REFUSALS_KEPT).delete()


def erase_taker(taker: Taker) -> None:
    """Delete what is kept of the taker: its lifts and refusals (a person is erased)."""
    LimitAmount.objects.filter(taker=str(taker)).delete()
    LimitRefusal.objects.filter(taker=str(taker)).delete()


def kept_of(taker: Taker) -> list[dict[str, str]]:
    """What is kept of the taker, for the export of personal data."""
    lifts = LimitAmount.objects.filter(taker=str(taker)).values_list("limit", "scope", "until")
    refusals = LimitRefusal.objects.filter(taker=str(taker)).values_list("limit", "scope", "at")
    return [
        *({"limit": name, "in": scope, "lifted_until": until.isoformat()} for name, scope, until in lifts if until),
        *({"limit": name, "in": scope, "refused_at": at.isoformat()} for name, scope, at in refusals),
    ]
