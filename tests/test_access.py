"""Every address, requested by people without a right to it: it answers 404, or asks strangers to sign in."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.conftest import ModuleRows
from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from tests.factories.hubs import (
    ExceptionalHoursFactory,
    HubFactory,
    MembershipFactory,
    TeamMemberFactory,
    ZoneFactory,
)
from tests.factories.labels import (
    AppointmentFactory,
    AssemblyFactory,
    BoardFactory,
    BodyFactory,
    CharterVersionFactory,
    EvaluationFactory,
    FundingLineFactory,
    MeetingFactory,
    ObservationFactory,
    SearchFactory,
    SeatFactory,
)
from tests.factories.memberships import (
    AgreementFactory,
    DomiciliationApprovalFactory,
    DomiciliationFileFactory,
    DuesTermFactory,
    PlanFactory,
)
from tests.factories.observatory import ActivityPerimeterFactory, ActivityVersionFactory, StockFactory
from tests.factories.organisations import (
    AffiliationFactory,
    OrganisationFactory,
    RelationFactory,
    YearFiguresFactory,
)
from tests.factories.premises import LotFactory, OfferFactory, PhaseFactory
from tests.factories.signatures import asked
from tests.factories.spaces import OutageFactory, PriceFactory, SpaceFactory
from tests.factories.territories import DocumentFactory, PerimeterFactory, WorkspaceMemberFactory
from totem.accounts.models import Invitation
from totem.billing.actions.issuing import issue
from totem.billing.actions.payments import record_payment
from totem.billing.models import CollectionExport, Means
from totem.bookings import actions
from totem.bookings.actions import Booker
from totem.core.files import CheckedFile, store
from totem.core.models import JournalEntry
from totem.core.periods import Period
from totem.core.signatures.queries import signing_key
from totem.hubs.models import FoundingRequest, Hub, HubPhoto, MembershipRequest, PersonNote, Role
from totem.labels.models import Decision, Proxy
from totem.memberships.actions.deposits import move_deposit
from totem.memberships.domiciliation.actions import add_document, make_list
from totem.memberships.models import (
    AgreementPause,
    AidAttestation,
    CreditLot,
    DepositMovement,
    DuesQuestion,
    PlaceRequest,
    Suspension,
)
from totem.observatory.models import Stock
from totem.spaces.models import SpacePhoto

pytestmark = pytest.mark.django_db

# Open to everybody, by name; a page missing here must be closed to strangers.
PUBLIC = {
    "health_live", "health_ready", "health_metrics", "set_language", "jsi18n",
    "website:home", "website:find", "website:hub", "website:hub_week", "website:hub_day", "website:free",
    "website:space", "hubs:accent", "bookings:book", "core:design", "core:design_chart", "core:design_outlines",
    "territories:communes", "territories:index", "territories:find", "territories:contours",
    "accounts:demo_login", "accounts:outbox", "website:about", "website:accessibility", "website:legal",
    "observatory:home", "observatory:draw", "observatory:place", "observatory:place_map", "observatory:map_svg",
    "observatory:map_outlines", "observatory:sites_geojson", "observatory:place_compare", "observatory:place_companies",
    "observatory:place_actors", "observatory:place_bridge", "observatory:place_quality", "observatory:place_data",
    "observatory:place_data_file", "observatory:table_csv", "observatory:chart_svg", "observatory:place_pdf",
    "observatory:method", "observatory:activities", "observatory:activities_one", "observatory:activities_version",
    "observatory:activities_codes", "labels:index", "labels:charter", "labels:charter_version", "labels:charter_file",
    "labels:charter_json", "labels:schema", "labels:format", "core:site_address", "core:sign", "core:sign_code",
    "core:sign_decline", "core:sign_file", "core:sign_certificate", "core:signing_check", "core:signing_shown",
    "memberships:offers",
}  # fmt: skip
# For anybody who is signed in, about themselves.
OWN = {
    "memberships:my_dues", "memberships:join", "memberships:join_kind", "memberships:ask", "labels:my_assemblies",
    "memberships:my_agreements", "memberships:my_credits", "billing:mine",
    "bookings:mine", "accounts:profile", "accounts:export", "accounts:renew_desk_code", "accounts:erase",
    "organisations:list",
    "organisations:create", "territories:workspace_create", "accounts:landing", "hubs:create",
    "accounts:invitations", "hubs:mine",
}  # fmt: skip
FORBIDDEN, NOT_FOUND, WRONG_METHOD, SIGN_IN = 403, 404, 405, 302


class World:
    """A hub, a territory and an organisation with one row of each kind, and the arguments of each address."""

    def __init__(self, **hub: object) -> None:
        self.hub: Hub = HubFactory(**hub)
        self.manager = TeamMemberFactory(hub=self.hub).person
        self.space = SpaceFactory(hub=self.hub)
        self.person = UserFactory()
        tomorrow = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
        while tomorrow.isoweekday() == 7:
            tomorrow += timedelta(days=1)
        self.hub.closed_on_public_holidays = False
        self.hub.save()
        period = Period(tomorrow, tomorrow + timedelta(hours=1))
        self.booking = actions.book(
            space=self.space, period=period, booker=Booker.oneself(self.person), now=datetime.now(UTC)
        )
        self.plan = PlanFactory(hub=self.hub)
        self.asked = asked(actor_id=self.manager.pk)
        self.signatory = self.asked.signatories.all()[0]
        customer = CustomerFactory(hub=self.hub)
        seller = SellerFactory(organisation=self.hub.operator)
        vat_period = seller.vat_periods.get()
        self.invoice = issue(draft_id=DraftFactory(customer=customer).pk, by=None, now=datetime.now(UTC))
        payment = record_payment(
            document=self.invoice, amount=Decimal(1), means=Means.CASH, received_on=self.invoice.issued_on, by=None,
            now=datetime.now(UTC),
        )  # fmt: skip
        self.affiliation = AffiliationFactory()
        self.perimeter = PerimeterFactory()
        declared = {"organisation": self.affiliation.organisation, "workspace": self.perimeter.workspace}
        self.relation, self.figures = RelationFactory(**declared), YearFiguresFactory(**declared)
        self.phase = PhaseFactory(building__workspace=self.perimeter.workspace)
        self.board = BoardFactory(workspace=self.perimeter.workspace, perimeter=self.perimeter)
        version = CharterVersionFactory()
        governed = {"workspace": self.perimeter.workspace, "perimeter": self.perimeter}
        self.body = BodyFactory(**governed)
        self.activities = ActivityPerimeterFactory(workspace=self.perimeter.workspace, public=False)
        ActivityVersionFactory(perimeter=self.activities, published_at=None)
        far = tomorrow + timedelta(days=200)
        agreement = AgreementFactory(hub=self.hub)
        moved = move_deposit(
            agreement=agreement, kind=DepositMovement.Kind.RECEIVED, amount=Decimal(1), means=Means.CASH,
            moved_on=self.invoice.issued_on, by=self.manager, now=datetime.now(UTC),
        )  # fmt: skip
        days = {"agreement": agreement, "starts_on": agreement.starts_on}
        assembly = AssemblyFactory(hub=self.hub, document=self.asked.stored, voters=2)
        voters = list(assembly.voters.all())
        self.of_the_assembly = {
            "step": "annuler",
            "document": assembly.documents.get().pk,
            "proxy": Proxy.objects.create(giver=voters[0], holder=voters[1], given_at=datetime.now(UTC)).pk,
            "decision": Decision.objects.create(assembly=assembly, text="x", majority="simple", votes_for=0).pk,
        }
        self.pks = {
            "assembly": assembly.pk,
            "voter": voters[0].pk,
            "agreement": agreement.pk,
            "agreement_seat": agreement.seats.get().pk,
            "agreement_pause": AgreementPause.objects.create(**days).pk,
            "suspension": Suspension.objects.create(**days, reason="x").pk,
            "deposit": moved.pk,
            **self._domiciliation(),
            "attestation": AidAttestation.objects.create(
                hub=self.hub,
                customer=customer,
                number=1,
                starts_on=days["starts_on"],
                ends_on=days["starts_on"],
                amount=1,
                total=1,
                recorded_at=tomorrow,
                file=store(CheckedFile("x.pdf", "application/pdf", 1, sha256(b"x").hexdigest(), b"x")),
            ).pk,
            "credit_lot": CreditLot.objects.create(
                hub=self.hub, customer=customer, unit="room", starts_on=agreement.starts_on, plan=self.plan, source="x"
            ).pk,
            "waiting": PlaceRequest.objects.create(plan=PlanFactory(hub=self.hub), person=self.person).pk,
            "closure": ExceptionalHoursFactory(hub=self.hub, during=(far, far + timedelta(hours=9))).pk,
            "zone": ZoneFactory(hub=self.hub).pk,
            "customer": customer.pk,
            "draft": DraftFactory(customer=customer).pk,
            "payment": payment.pk,
            "invoice": self.invoice.pk,
            "vat_period": vat_period.pk,
            "collection": CollectionExport.objects.create(
                hub=self.hub, seller=seller, exported_at=tomorrow, content="[]"
            ).pk,
            "partner": self.hub.partners.create(name="La Presque Vraie").pk,
            "photo": HubPhoto.objects.create(hub=self.hub, image="hubs/x.webp", description="x").pk,
            "role": TeamMemberFactory(hub=self.hub, role=Role.DESK).pk,
            "member": MembershipFactory(hub=self.hub).pk,
            "founding": FoundingRequest.objects.create(person=self.person, name="x", message="x").pk,
            "outage": OutageFactory(space=self.space, during=(far, far + timedelta(hours=1))).pk,
            "price": PriceFactory(space=self.space).pk,
            "space_photo": SpacePhoto.objects.create(space=self.space, image="spaces/x.webp", description="x").pk,
            "unit": self.space.units.get().pk,
            "officer": WorkspaceMemberFactory(workspace=self.perimeter.workspace).pk,
            "document": DocumentFactory(workspace=self.perimeter.workspace).pk,
            "phase": self.phase.pk,
            "lot": LotFactory(building=self.phase.building).pk,
            "offer": OfferFactory(building=self.phase.building).pk,
            "evaluation": EvaluationFactory(board=self.board, charter_version=version).pk,
            "observation": ObservationFactory(workspace=self.perimeter.workspace).pk,
            "search": SearchFactory(board=self.board, charter_version=version).pk,
            "body": self.body.pk,
            "seat": SeatFactory(body=self.body).pk,
            "meeting": MeetingFactory(body=self.body).pk,
            "appointment": AppointmentFactory(**governed).pk,
            "funding": FundingLineFactory(**governed).pk,
            "account": self.person.pk,
            "dues_term": (term := DuesTermFactory(kind__hub=self.hub, person=self.person)).pk,
            "dues_kind": term.kind.pk,
            "dues_question": DuesQuestion.objects.create(kind=term.kind, key="trade", label="Trade").pk,
            "asked": MembershipRequest.objects.create(hub=self.hub, person=self.person).pk,
            "note": PersonNote.objects.create(hub=self.hub, person=self.person, author=self.manager, text="x").pk,
            "invitation": Invitation.objects.create(
                kind="organisations.person",
                subject_id=self.affiliation.organisation_id,
                email="somebody@example.org",
                offer={"role": "employee", "can_book": True},
                sent_at=tomorrow,
            ).pk,
            "plan": self.plan.pk,
            "plan_price": self.plan.prices.get().pk,
            "signatory": self.signatory.pk,
            "job": 1,
            "mail": 1,
            "stock": StockFactory(state=Stock.State.ARCHIVED, complete=False).pk,
        }

    def _domiciliation(self) -> dict[str, int]:
        file = DomiciliationFileFactory(hub=self.hub, agreed={"starts_on": date(2020, 1, 1)})
        now, by = datetime.now(UTC), self.manager
        content = b"%PDF-1.4 x"
        upload = CheckedFile("x.pdf", "application/pdf", len(content), sha256(content).hexdigest(), content)
        paper = add_document(file=file, kind="identity", upload=upload, dated_on=date(2020, 1, 1), by=by, now=now)
        made = make_list(hub=self.hub, kind="quarter", starts_on=date(2020, 1, 1), by=by.pk, now=now)
        approval = DomiciliationApprovalFactory(hub=self.hub)
        return {
            "domiciled": file.agreement_id, "paper": paper.pk, "authorities": made.pk, "approval": approval.pk,
        }  # fmt: skip

    def arguments(self, name: str, wanted: set[str]) -> dict[str, object]:
        known = {
            "slug": self.hub.slug,
            "space": self.space.slug,
            "reference": self.booking.reference,
            "affiliation_pk": self.affiliation.pk,
            "role": "manager",
            "code": "0",
            "level": "commune",
            "perimeter": self.perimeter.slug,
            "workspace": self.perimeter.workspace.slug,
            "building": self.phase.building_id,
            "board": self.board.slug,
            "key": signing_key(self.signatory),
            "start": "full-month",
            **self.of_the_assembly,
            "reason": "mail",
        }
        found = {key: known[key] for key in wanted if key in known}
        if name.startswith("observatory:activities"):
            known = {"slug": self.activities.slug, "number": 1, "siren": "900000001"}
            found |= {key: known[key] for key in wanted}
        if name.startswith("billing:") and "reference" in wanted:
            found["reference"] = self.invoice.reference
        if name.startswith("core:signing_") and "reference" in wanted:
            found["reference"] = self.asked.reference
        if name == "billing:document_follow":
            found["kind"] = "credit"
        if name in ("website:figures_csv", "website:figures_xlsx"):
            found["name"] = "espaces"
        if name.startswith("labels:"):
            found |= {key: ABOUT_A_LABEL[key] for key in wanted if key in ABOUT_A_LABEL}
            found |= {"body": self.body.pk} if "body" in wanted else {}
        if name.startswith("organisations:"):
            found |= self._of_organisation(wanted)
        elif "pk" in wanted and name in KINDS:
            found["pk"] = self.pks[KINDS[name]]
        missing = wanted - set(found)
        assert not missing, f"{name}: teach this test what {missing} is"
        return found

    def _of_organisation(self, wanted: set[str]) -> dict[str, object]:
        organisation = self.affiliation.organisation
        known = {"pk": organisation.pk, "relation_pk": self.relation.pk, "figures_pk": self.figures.pk}
        return {key: known[key] for key in wanted if key in known}


# The other arguments of the addresses of labels, with the values of the charter of the factories.
ABOUT_A_LABEL = {
    "charter": "essai", "version": "1", "criterion": "q1", "requirement": "q1a", "name": "events_held",
    "key": "no-key",
}  # fmt: skip
# Of which row the `pk` of an address is.
KINDS = {
    "memberships:agreement": "agreement", "memberships:agreement_contract": "agreement",
    "memberships:agreement_answer": "agreement", "memberships:agreement_refuse": "agreement",
    "memberships:agreement_send": "agreement", "memberships:agreement_paper": "agreement",
    "memberships:agreement_withdraw": "agreement", "memberships:agreement_terms": "agreement",
    "memberships:agreement_terms_back": "agreement", "memberships:agreement_price": "agreement",
    "memberships:agreement_pause": "agreement", "memberships:agreement_seat": "agreement",
    "memberships:agreement_notice": "agreement", "memberships:agreement_notice_back": "agreement",
    "memberships:agreement_suspend": "agreement",
    "memberships:agreement_deposit": "agreement", "memberships:agreement_deposit_keep": "agreement",
    "memberships:pause_end": "agreement_pause", "memberships:seat_end": "agreement_seat",
    "memberships:suspension_lift": "suspension", "memberships:deposit_receipt": "deposit",
    "memberships:domiciliation_approval": "approval", "memberships:domiciliation_approval_file": "approval",
    "memberships:authorities_list": "authorities", "memberships:authorities_list_csv": "authorities",
    "memberships:authorities_list_xlsx": "authorities", "memberships:domiciliation_paper": "paper",
    "memberships:domiciliation_paper_erase": "paper", "memberships:domiciliation_file": "domiciled",
    "memberships:domiciliation_file_edit": "domiciled", "memberships:domiciliation_paper_add": "domiciled",
    "memberships:domiciliation_check": "domiciled", "memberships:domiciliation_collection": "domiciled",
    "memberships:domiciliation_told": "domiciled", "memberships:domiciliation_letter": "domiciled",
    "memberships:aid_of": "customer", "memberships:aid_declare": "customer",
    "memberships:customer_credits": "customer", "memberships:credits_correct": "credit_lot",
    "memberships:aid_decide": "customer", "memberships:aid_attestation": "attestation",
    "memberships:own_aid_attestation": "attestation",
    "memberships:waiting_end": "waiting", "memberships:my_waiting_end": "waiting",
    "memberships:my_agreement": "agreement", "memberships:my_contract": "agreement",
    "memberships:my_change": "agreement", "memberships:my_pause": "agreement",
    "memberships:my_change_withdraw": "agreement", "memberships:change_accept": "agreement",
    "memberships:change_refuse": "agreement",
    "memberships:my_agreement_withdraw": "agreement", "memberships:my_notice": "agreement",
    "billing:mine_pdf": "invoice",
    "labels:evaluation": "evaluation", "labels:evaluation_json": "evaluation", "labels:observation": "observation",
    "labels:observation_edit": "observation", "labels:observation_public": "observation",
    "labels:observation_withdraw": "observation", "labels:search_result": "search", "labels:body": "body",
    "labels:body_edit": "body", "labels:body_public": "body", "labels:seat_edit": "seat", "labels:seat_remove": "seat",
    **dict.fromkeys((
        "labels:assembly", "labels:assembly_edit", "labels:assembly_step", "labels:assembly_document",
        "labels:assembly_detach", "labels:attendance", "labels:attendance_sheet", "labels:proxy_add",
        "labels:proxy_end", "labels:decision_create", "labels:decision_edit", "labels:decision_remove",
        "labels:minutes_send", "labels:minutes_file",
    ), "assembly"),
    **dict.fromkeys((
        "labels:my_assembly", "labels:my_proxy_end", "labels:my_assembly_document", "labels:my_assembly_minutes",
    ), "voter"),
    "labels:meeting_edit": "meeting", "labels:meeting_remove": "meeting", "labels:appointment_edit": "appointment",
    "labels:appointment_end": "appointment", "labels:appointment_public": "appointment",
    "labels:funding_edit": "funding", "labels:funding_public": "funding", "labels:funding_remove": "funding",
    "billing:customer": "customer", "billing:customer_edit": "customer", "billing:draft": "draft",
    "billing:draft_check": "draft", "billing:draft_delete": "draft", "billing:receipt": "payment",
    "billing:seller_vat_remove": "vat_period", "billing:collected_csv": "collection",
    "billing:collected_xlsx": "collection",
    "billing:payment_cancel": "payment",
    "premises:phase_revise": "phase", "premises:lot_edit": "lot", "premises:lot_remove": "lot",
    "premises:offer_end": "offer",
    "hubs:closure_remove": "closure", "hubs:zone": "zone", "hubs:zone_remove": "zone", "hubs:photo_remove": "photo",
    "hubs:founding_request": "founding", "hubs:partner_remove": "partner",
    "hubs:role": "role", "hubs:role_remove": "role", "memberships:member_end": "member",
    "bookings:end_outage": "outage",
    "spaces:outage_end": "outage", "spaces:photo_remove": "space_photo", "spaces:price_end": "price",
    "spaces:price_remove": "price", "territories:member_remove": "officer", "observatory:stock": "stock",
    "observatory:stock_accept": "stock", "observatory:stock_refuse": "stock", "territories:document": "document",
    "territories:document_public": "document", "territories:document_erase": "document",
    "territories:public_document": "document", "accounts:staff_set": "account", "core:job_retry": "job",
    "core:mail_send": "mail", "accounts:invitation_accept": "invitation", "accounts:invitation_decline": "invitation",
    "memberships:request": "asked", "memberships:request_decline": "asked", "hubs:request_withdraw": "asked",
    "memberships:leave": "member", "memberships:dues_term": "dues_term", "memberships:dues_answer": "dues_term",
    "memberships:dues_cancel": "dues_term", "memberships:my_dues_announce": "dues_term",
    "memberships:dues_kind": "dues_kind", "memberships:dues_kind_edit": "dues_kind",
    "memberships:dues_questions": "dues_kind", "memberships:join_kind": "dues_kind",
    "memberships:dues_question_end": "dues_question", "memberships:plan": "plan", "memberships:plan_price": "plan",
    "memberships:plan_price_end": "plan_price", "memberships:ask": "plan",
    "hubs:leave_team": "role", "bookings:person": "account", "bookings:card": "account", "bookings:note_remove": "note",
    "core:sign": "signatory", "core:sign_code": "signatory", "core:sign_decline": "signatory",
    "core:sign_file": "signatory", "core:sign_certificate": "signatory", "core:signing_remind": "signatory",
    "accounts:invitation_send_again": "invitation", "accounts:invitation_withdraw": "invitation",
}  # fmt: skip


def addresses(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, set[str]]]:
    """The name of each of our own addresses, and the names of its arguments."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern) and entry.name and not entry.name.startswith("account_"):
            yield f"{namespace}{entry.name}", set(entry.pattern.regex.groupindex) if ":" in namespace else set()


ADDRESSES = {name: wanted for name, wanted in addresses() if name != "media"}
CLOSED = sorted(set(ADDRESSES) - PUBLIC)
ABOUT_A_HUB = sorted(name for name, wanted in ADDRESSES.items() if name not in PUBLIC | OWN)


@pytest.fixture(scope="module")
def world(module_db: ModuleRows) -> World:
    with module_db():
        return World()


def statuses_of(client: Client, url: str) -> list[int]:
    return [client.get(url).status_code, client.post(url, {"csrf": "none"}).status_code]


def test_strangers_are_asked_to_sign_in_everywhere_but_in_public(world: World):
    client = Client()
    before = JournalEntry.objects.count()
    for name in CLOSED:
        url = reverse(name, kwargs=world.arguments(name, ADDRESSES[name]))
        for response in (client.get(url), client.post(url)):
            must_sign_in = response.status_code == SIGN_IN and response.url.startswith(reverse("account_login"))
            assert must_sign_in or response.status_code in {NOT_FOUND, WRONG_METHOD}, (name, response.status_code)
    assert JournalEntry.objects.count() == before


@pytest.mark.usefixtures("plain_refusals")
@pytest.mark.parametrize("roles", [[*Role], []])
def test_people_of_other_hubs_find_nothing(world: World, roles: list[str]):
    """Rights only add up: who is a member and has every role in another hub finds what any of them would."""
    person, other = UserFactory(), HubFactory()
    for role in roles:
        TeamMemberFactory(hub=other, role=role, person=person)
    if roles:
        MembershipFactory(hub=other, person=person)
    client = Client()
    client.force_login(person)
    before = JournalEntry.objects.count()
    for name in ABOUT_A_HUB:
        arguments = world.arguments(name, ADDRESSES[name])
        statuses = statuses_of(client, reverse(name, kwargs=arguments))
        if set(arguments) - {"start"} > {"slug"}:  # somebody else's thing under the address of one's own hub
            here = statuses_of(client, reverse(name, kwargs={**arguments, "slug": other.slug}))
            assert set(here) <= {NOT_FOUND, WRONG_METHOD, FORBIDDEN}, (name, here)
        assert set(statuses) <= {NOT_FOUND, WRONG_METHOD}, (name, statuses)
        assert NOT_FOUND in statuses, (name, statuses)
    assert JournalEntry.objects.count() == before


@pytest.mark.parametrize("role", [*Role, "member", "nobody", "stranger"])
def test_a_hub_that_is_not_published_does_not_exist_for_others(world: World, role: str):
    Hub.objects.filter(pk=world.hub.pk).update(is_published=False)
    client = Client()
    if role in Role.values:
        client.force_login(TeamMemberFactory(role=role).person)
    elif role == "member":
        client.force_login(MembershipFactory().person)
    elif role == "nobody":
        client.force_login(UserFactory())
    for name in sorted(PUBLIC & set(ADDRESSES)):
        if "slug" in ADDRESSES[name] and name != "hubs:accent":
            statuses = statuses_of(client, reverse(name, kwargs=world.arguments(name, ADDRESSES[name])))
            assert set(statuses) <= {NOT_FOUND, WRONG_METHOD}, (name, statuses)


def test_no_shared_cache_keeps_what_is_somebodys(world: World):
    person, shared = UserFactory(name="Zoé Unique"), set()
    client = Client()
    client.force_login(person)
    for name in sorted(PUBLIC & set(ADDRESSES)):
        known: dict[str, object] | None = None
        with suppress(AssertionError):  # of pages of the observatory World does not know the arguments
            known = world.arguments(name, ADDRESSES[name])
        response = client.get(reverse(name, kwargs=known), {"q": "Ami"}) if known is not None else None
        if response and "public" in response.headers.get("Cache-Control", ""):
            shared.add(name)
            assert not response.cookies, name
            assert not any(word in response.content.decode() for word in (person.name, "csrfmiddlewaretoken")), name
        elif response and response.status_code == 200 and "Cookie" in response.headers.get("Vary", ""):
            assert "private" in response.headers.get("Cache-Control", ""), name
    assert shared  # the accents of hubs
    assert (
        "public"
        in client.get(reverse("territories:communes"), {"q": "Ami"}, headers={"HX-Request": "true"})["Cache-Control"]
    )


def test_a_booking_is_its_persons_and_the_teams(world: World):
    url = reverse("bookings:detail", args=[world.booking.reference])
    for person, status in ((world.person, 200), (world.manager, 200), (UserFactory(), 404)):
        client = Client()
        client.force_login(person)
        assert client.get(url).status_code == status


def test_an_organisation_is_its_peoples():
    OrganisationFactory()
    affiliation = AffiliationFactory()
    client = Client()
    client.force_login(UserFactory())
    assert statuses_of(client, reverse("organisations:edit", args=[affiliation.organisation_id])) == [404, 404]
