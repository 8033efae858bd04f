"""Territories of the tests, with codes of real places, so that departments, regions and holidays are the real ones."""

from hashlib import sha256

from factory import LazyAttribute, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory

from tests.factories.accounts import UserFactory
from totem.core.models import StoredFile
from totem.territories.models import (
    Commune,
    Department,
    Document,
    Epci,
    FormerRegion,
    Perimeter,
    Region,
    Workspace,
    WorkspaceMember,
    WorkspaceRole,
    WorkspaceState,
)


class RegionFactory(DjangoModelFactory[Region]):
    class Meta:
        model = Region
        django_get_or_create = ("code",)

    class Params:
        normandie = Trait(code="28", name="Normandie")
        grand_est = Trait(code="44", name="Grand Est")
        guadeloupe = Trait(code="01", name="Guadeloupe")

    code = "32"
    name = "Hauts-de-France"


class FormerRegionFactory(DjangoModelFactory[FormerRegion]):
    class Meta:
        model = FormerRegion
        django_get_or_create = ("code",)

    class Params:
        haute_normandie = Trait(code="23", name="Haute-Normandie")

    code = "22"
    name = "Picardie"


class DepartmentFactory(DjangoModelFactory[Department]):
    """The Somme unless a trait says otherwise."""

    class Meta:
        model = Department
        django_get_or_create = ("code",)

    class Params:
        seine_maritime = Trait(code="76", name="Seine-Maritime", region=SubFactory(RegionFactory, normandie=True))
        calvados = Trait(code="14", name="Calvados", region=SubFactory(RegionFactory, normandie=True))
        bas_rhin = Trait(code="67", name="Bas-Rhin", region=SubFactory(RegionFactory, grand_est=True))
        moselle = Trait(code="57", name="Moselle", region=SubFactory(RegionFactory, grand_est=True))
        guadeloupe = Trait(code="971", name="Guadeloupe", region=SubFactory(RegionFactory, guadeloupe=True))

    code = "80"
    name = "Somme"
    region = SubFactory(RegionFactory)


class EpciFactory(DjangoModelFactory[Epci]):
    class Meta:
        model = Epci
        django_get_or_create = ("code",)

    code = "248000531"
    name = "CA Amiens Métropole"
    type = Epci.Type.CA
    population = 182_000


class CommuneFactory(DjangoModelFactory[Commune]):
    """Amiens unless a trait says otherwise."""

    class Meta:
        model = Commune
        django_get_or_create = ("code",)

    class Params:
        amiens = Trait(code="80021")
        rouen = Trait(
            code="76540",
            name="Rouen",
            department=SubFactory(DepartmentFactory, seine_maritime=True),
            postcodes=["76000", "76100"],
        )
        le_havre = Trait(
            code="76351",
            name="Le Havre",
            department=SubFactory(DepartmentFactory, seine_maritime=True),
            postcodes=["76600", "76610", "76620"],
        )
        caen = Trait(
            code="14118",
            name="Caen",
            department=SubFactory(DepartmentFactory, calvados=True),
            postcodes=["14000"],
        )
        strasbourg = Trait(
            code="67482",
            name="Strasbourg",
            department=SubFactory(DepartmentFactory, bas_rhin=True),
            postcodes=["67000", "67100", "67200"],
        )

    code = "80021"
    name = "Amiens"
    department = SubFactory(DepartmentFactory)
    population = 136_000
    postcodes = ["80000", "80080", "80090"]


class WorkspaceFactory(DjangoModelFactory[Workspace]):
    """One that publishes, unless `state` says otherwise."""

    class Meta:
        model = Workspace

    state = WorkspaceState.TRUSTED
    slug = Sequence(lambda n: f"territoire-{n}")
    name = Sequence(lambda n: f"Territoire {n}")


class WorkspaceMemberFactory(DjangoModelFactory[WorkspaceMember]):
    """An officer by default."""

    class Meta:
        model = WorkspaceMember

    workspace = SubFactory(WorkspaceFactory)
    person = SubFactory(UserFactory)
    role = WorkspaceRole.OFFICER


class PerimeterFactory(DjangoModelFactory[Perimeter]):
    """Of a workspace and not shown to the public; without a version."""

    class Meta:
        model = Perimeter

    slug = Sequence(lambda n: f"perimetre-{n}")
    name = Sequence(lambda n: f"Périmètre {n}")
    workspace = SubFactory(WorkspaceFactory)


class StoredFileFactory(DjangoModelFactory[StoredFile]):
    """The bytes of a PDF of one line, unlike those of any other unless `content` is given."""

    class Meta:
        model = StoredFile
        django_get_or_create = ("sha256",)

    content = Sequence(lambda n: b"%%PDF-1.7\n%% %d\n%%%%EOF\n" % n)
    sha256 = LazyAttribute(lambda file: sha256(file.content).hexdigest())
    size = LazyAttribute(lambda file: len(file.content))


class DocumentFactory(DjangoModelFactory[Document]):
    """A PDF of a workspace, for its team alone; `stored__content=b"…"` sets the bytes."""

    class Meta:
        model = Document

    workspace = SubFactory(WorkspaceFactory)
    stored = SubFactory(StoredFileFactory)
    name = Sequence(lambda n: f"piece-{n}.pdf")
    content_type = "application/pdf"
    sha256 = LazyAttribute(lambda document: document.stored.sha256)
    size = LazyAttribute(lambda document: document.stored.size)
