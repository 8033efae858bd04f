"""The organisations of the demonstration, and who of the hubs' members belongs to them."""

from collections.abc import Iterator

from totem.accounts.demonstration import saved_crowd
from totem.accounts.models import DemoRole
from totem.core.demonstration import InventedWorld, Sheet, part
from totem.organisations.models import Affiliation, Organisation

ORGANISATIONS = "organisations/organisations.toml"


def _affiliations_are_there(world: InventedWorld) -> bool:
    names = [row["name"] for row in world.sheet(ORGANISATIONS)["organisations"]]
    return Affiliation.objects.filter(organisation__name__in=names).exists()


@part(ORGANISATIONS, is_there=_affiliations_are_there)
def load(world: InventedWorld) -> None:
    sheet = world.sheet(ORGANISATIONS)
    for row in sheet["operators"]:
        Organisation.objects.get_or_create(name=row["name"], defaults=row)
    Affiliation.objects.bulk_create(_affiliations(world, sheet["organisations"]))


def _affiliations(world: InventedWorld, rows: list[Sheet]) -> Iterator[Affiliation]:
    """A representative and employees of each organisation, among the members of its hub who are to stay."""
    groups = saved_crowd(world).groups
    staying = {slug: [m for m in group.members if m.until is None] for slug, group in groups.items()}
    free = {slug: [m for m in members if m.role != DemoRole.MEMBER] for slug, members in staying.items()}
    for row in rows:
        organisation = Organisation.objects.create(**{key: row[key] for key in ("name", "legal_form", "kind")})
        hub, size = row["hub"], row["people"]
        joining = free[hub][:size]
        if row.get("with_demo_member", False):
            joining = [next(m for m in staying[hub] if m.role == DemoRole.MEMBER), *joining[1:]]
        free[hub] = [m for m in free[hub] if m not in joining]
        for position, member in enumerate(joining):
            role = Affiliation.Role.EMPLOYEE if position else Affiliation.Role.REPRESENTATIVE
            yield Affiliation(person=member.user, organisation=organisation, role=role, since=member.since)
