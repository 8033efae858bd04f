"""Organisations: SIREN and SIRET, affiliations, invitations, and what strangers are answered."""

import datetime
from contextlib import suppress
from importlib import import_module

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import UserFactory
from tests.factories.organisations import AffiliationFactory, OrganisationFactory, siren
from tests.factories.territories import CommuneFactory, WorkspaceFactory
from totem.accounts import invitations
from totem.accounts.actions import ErasureRefused, erase_person, export_personal_data
from totem.accounts.models import Invitation, User
from totem.core.limits import LimitReached
from totem.core.models import JournalEntry, Mail
from totem.organisations import actions, queries
from totem.organisations.invitations import PERSON
from totem.organisations.models import Affiliation, Organisation
from totem.organisations.numbers import compact_siren, compact_siret

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
LA_POSTE = "35600000000048"
LIST, CREATE = reverse("organisations:list"), reverse("organisations:create")
Role = Affiliation.Role


def siret_of(number: str) -> str:
    """A SIRET of that SIREN that passes the check."""
    return next(f"{number}{n:05d}" for n in range(10, 100) if passes(f"{number}{n:05d}"))


def passes(number: str) -> bool:
    try:
        return bool(compact_siret(number))
    except ValidationError:
        return False


def values(**changes: object) -> dict[str, object]:
    return {"name": "Association d’exemple", "legal_form": "association", "kind": "hub_operator", **changes}


def invited(organisation: Organisation, email: str, **changes: object) -> Invitation:
    """An invitation as a member of the board, not by the action: without a mail."""
    offer = {"role": "board", "can_book": True}
    row = {"kind": PERSON.name, "subject_id": organisation.pk, "email": email, "offer": offer, "sent_at": NOW}
    return Invitation.objects.create(**row, **changes)


def is_in(person: User, organisation: Organisation) -> bool:
    return organisation in queries.organisations_of(person, TODAY)


class TestNumbers:
    def test_spaces_are_taken_away(self):
        assert compact_siren(" 356 000 000 ") == "356000000"
        assert compact_siren("") == ""

    @pytest.mark.parametrize("wrong", ["123456789", "35600000", "3560000000", "35600000A", "abc", "000000000"])
    def test_a_wrong_siren_is_refused(self, wrong):
        with pytest.raises(ValidationError):
            compact_siren(wrong)

    def test_la_poste_has_a_check_of_its_own(self):
        assert compact_siret(LA_POSTE) == LA_POSTE
        assert compact_siret("356 000 000 12003")  # the digits sum to a multiple of five; Luhn does not hold

    @pytest.mark.parametrize(
        "wrong", ["35600000000049", "35600000012002", "12345678900010", "356000000", "0" * 14, "00000000000018"]
    )
    def test_a_wrong_siret_is_refused(self, wrong):
        with pytest.raises(ValidationError):
            compact_siret(wrong)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"siren": "12 345678"},
            {"siren": "12345678"},
            {"siren": siren(1), "siret": siret_of(siren(2))},
            {"siren": "", "siret": LA_POSTE},
            {"siren": "356000000", "siret": "3560000000004"},
        ],
    )
    def test_the_database_refuses_what_is_no_number(self, wrong):
        with pytest.raises(IntegrityError), transaction.atomic():
            OrganisationFactory(**wrong)

    def test_a_territory_notes_a_siren_once_and_its_establishments_once_each(self):
        workspace = WorkspaceFactory()
        OrganisationFactory(siren="356000000", noted_by=workspace)
        OrganisationFactory(siren="356000000", siret=LA_POSTE, noted_by=workspace)
        for wrong in ({"siren": "356000000"}, {"siren": "356000000", "siret": LA_POSTE}):
            with pytest.raises(IntegrityError), transaction.atomic():
                OrganisationFactory(**wrong, noted_by=workspace)
        OrganisationFactory.create_batch(2, without_siren=True)


class TestCreate:
    def test_whoever_makes_it_represents_it(self):
        person = UserFactory()
        made = actions.create_organisation(by=person, now=NOW, **values(siret=LA_POSTE))
        assert (made.siren, made.siret) == ("356000000", LA_POSTE)
        affiliation = Affiliation.objects.get()
        assert (affiliation.person, affiliation.role, affiliation.since) == (person, Role.REPRESENTATIVE, TODAY)
        assert JournalEntry.objects.get(verb="organisations.created").subject_id == made.pk

    def test_from_the_page(self, client):
        CommuneFactory(amiens=True)
        client.force_login(UserFactory())
        answer = client.post(CREATE, values(siren=siren(7), commune="80000", website="https://example.org"))
        made = Organisation.objects.get()
        assert answer.url == reverse("organisations:detail", args=[made.pk])
        assert made.commune.name == "Amiens"
        assert "Amiens (80)" in client.get(answer.url).content.decode()

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"name": ""}, "name"),
            ({"legal_form": "nope"}, "legal_form"),
            ({"kind": "nope"}, "kind"),
            ({"siren": "123456789"}, "siren"),
            ({"siret": "12345678900010"}, "siret"),
            ({"siren": siren(1), "siret": LA_POSTE}, "siret"),
            ({"commune": "Nowhere-sur-Mer"}, "commune"),
            ({"website": "javascript:alert(1)"}, "website"),
            ({"email": "nobody"}, "email"),
            ({"name": "x" * 151}, "name"),
        ],
    )
    def test_a_bad_value_is_said_at_its_field_and_nothing_is_written(self, client, wrong, field):
        OrganisationFactory.create_batch(2)
        client.force_login(UserFactory())
        answer = client.post(CREATE, values(**wrong))
        assert answer.status_code == 422
        assert field in answer.context["form"].errors
        assert Organisation.objects.count() == 2
        assert not Affiliation.objects.exists()


class TestAffiliations:
    def test_a_person_is_in_an_organisation_once_at_a_time(self):
        first = AffiliationFactory(until=datetime.date(2022, 1, 1))
        AffiliationFactory(person=first.person, organisation=first.organisation, since=datetime.date(2022, 1, 1))
        with pytest.raises(IntegrityError), transaction.atomic():
            AffiliationFactory(person=first.person, organisation=first.organisation, since=datetime.date(2021, 1, 1))

    def test_it_does_not_end_before_it_starts(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            AffiliationFactory(since=datetime.date(2022, 1, 1), until=datetime.date(2021, 1, 1))

    def test_it_holds_from_its_first_day_and_no_longer_on_its_last(self):
        row = AffiliationFactory(since=datetime.date(2026, 3, 1), until=datetime.date(2026, 4, 1))
        held = [
            queries.organisations_of(row.person, datetime.date(2026, *day)).exists()
            for day in ((2, 28), (3, 1), (3, 31), (4, 1))
        ]
        assert held == [False, True, True, False]

    def test_who_may_what(self, client):
        organisation = OrganisationFactory()
        people = {
            trait: AffiliationFactory(organisation=organisation, **({trait: True} if trait else {})).person
            for trait in ("", "employee", "reader", "former")
        }
        people["stranger"] = AffiliationFactory().person
        may = {}
        for name, person in people.items():
            client.force_login(person)
            pages = [reverse(f"organisations:{page}", args=[organisation.pk]) for page in ("detail", "edit")]
            sees, edits = (client.get(page).status_code for page in pages)
            may[name] = (sees, organisation in queries.bookable_by(person, TODAY), edits)
        assert may == {
            "": (200, True, 200),
            "employee": (200, True, 404),
            "reader": (200, False, 404),
            "former": (404, False, 404),
            "stranger": (404, False, 404),
        }


@pytest.fixture
def representative(client):
    """Signed in as the representative of an organisation."""
    row = AffiliationFactory()
    client.force_login(row.person)
    return row


class TestEdit:
    def test_the_journal_says_which_fields_changed(self, client, representative):
        organisation = representative.organisation
        url = reverse("organisations:edit", args=[organisation.pk])
        page = client.get(url)
        answer = client.post(url, {**page.context["form"].initial, "commune": "Amiens (80)", "name": "Autre nom"})
        assert answer.status_code == 302
        organisation.refresh_from_db()
        assert (organisation.name, organisation.sort_key) == ("Autre nom", "autre nom")
        assert JournalEntry.objects.get(verb="organisations.updated").facts == {"fields": ["name"]}

    @pytest.mark.parametrize("number", [{"siren": siren(99)}, {"siren": "", "siret": LA_POSTE}])
    def test_no_answer_tells_that_others_are_here_with_a_number(self, client, representative, number):
        own = reverse("organisations:edit", args=[representative.organisation_id])
        answers = []
        for others in (False, True):
            if others:
                OrganisationFactory(siren=siren(99))
                OrganisationFactory(siren="356000000", siret=LA_POSTE)
            client.force_login(UserFactory())
            answers.append(client.post(CREATE, values(**number)).status_code)
            client.force_login(representative.person)
            answers.append(client.post(own, values(**number)).status_code)
        assert answers == [302] * 4

    def test_one_is_not_twice_in_an_organisation_with_one_number(self, client):
        client.force_login(UserFactory())
        for number, field in (({"siren": siren(99)}, "siren"), ({"siret": LA_POSTE}, "siret")):
            assert client.post(CREATE, values(**number)).status_code == 302
            answer = client.post(CREATE, values(**number))
            assert answer.status_code == 422
            assert field in answer.context["form"].errors


class TestInvite:
    def invite(self, client, organisation, email, **changes):
        url = reverse("organisations:detail", args=[organisation.pk])
        return client.post(url, {"email": email, "role": "employee", "can_book": "on", **changes})

    def test_an_account_and_no_account_look_the_same(self, client, representative):
        known = UserFactory(email="known@example.org", name="Nom Secret")
        pages = []
        for address in (known.email, "stranger@example.org"):
            answer = self.invite(client, representative.organisation, address)
            page = client.get(answer.url).content.decode()
            assert address in page
            assert "Nom Secret" not in page
            pages.append((answer.status_code, answer.url))
            assert Mail.objects.filter(to=address).count() == 1
        assert pages[0] == pages[1]

    def test_they_join_when_they_accept(self, client, representative):
        known = UserFactory()
        self.invite(client, representative.organisation, known.email.upper(), can_book="")
        assert not is_in(known, representative.organisation)
        client.force_login(known)
        assert representative.organisation.name in client.get(LIST).content.decode()
        client.post(reverse("accounts:invitation_accept", args=[Invitation.objects.get().pk]))
        joined = Affiliation.objects.get(person=known)
        assert (joined.role, joined.can_book) == (Role.EMPLOYEE, False)
        assert not Invitation.objects.exists()

    def test_they_may_decline(self, client, representative):
        known = UserFactory()
        self.invite(client, representative.organisation, known.email)
        client.force_login(known)
        client.post(reverse("accounts:invitation_decline", args=[Invitation.objects.get().pk]))
        assert representative.organisation.name not in client.get(LIST).content.decode()
        assert not is_in(known, representative.organisation)

    def test_nobody_accepts_for_another(self, client, representative):
        self.invite(client, representative.organisation, "stranger@example.org")
        client.force_login(UserFactory())
        for name in ("accept", "decline", "send_again", "withdraw"):
            url = reverse(f"accounts:invitation_{name}", args=[Invitation.objects.get().pk])
            assert client.post(url).status_code == 404
        assert Invitation.objects.exists()

    def test_asking_again_writes_one_mail(self, client, representative):
        for role in ("employee", "board"):
            self.invite(client, representative.organisation, "stranger@example.org", role=role)
        assert Invitation.objects.get().offer["role"] == "board"
        assert Mail.objects.count() == 1

    def test_it_is_sent_again_a_day_later_and_three_times_in_all(self, client, representative):
        self.invite(client, representative.organisation, "stranger@example.org")
        invited_at = Invitation.objects.get().sent_at
        for days, mails in ((0, 1), (1, 2), (1, 2), (2, 3), (9, 3)):
            row = Invitation.objects.get()
            with suppress(ValidationError):
                now = invited_at + datetime.timedelta(days=days, minutes=5)
                invitations.send_again(invitation=row, by=representative.person, now=now)
            assert (Mail.objects.count(), Invitation.objects.get().mails) == (mails, mails), days

    def test_the_mail_leads_to_an_account_or_to_a_new_one(self, client, representative):
        known = UserFactory(language="en")
        for email in (known.email, "stranger@example.org"):
            self.invite(client, representative.organisation, email)
        answer = reverse("accounts:invitations")
        assert f"/{answer[1:]}" in Mail.objects.get(to=known.email, language="en").text
        assert reverse("account_signup", query={"next": answer}) in Mail.objects.get(to="stranger@example.org").text

    def test_an_account_that_is_made_from_it_joins(self, client, representative):
        self.invite(client, representative.organisation, "stranger@example.org")
        new = UserFactory(email="stranger@example.org")
        client.force_login(new)
        page = client.get(reverse("accounts:invitations")).content.decode()
        accept = reverse("accounts:invitation_accept", args=[Invitation.objects.get().pk])
        assert accept in page
        assert client.post(accept).url == reverse("organisations:detail", args=[representative.organisation_id])
        assert is_in(new, representative.organisation)

    def test_those_of_before_stay(self, representative):
        """The statement of the migration, on the table as it was."""
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE organisations_invitation ON COMMIT DROP AS SELECT %(at)s AS created_at,"
                " %(at)s AS updated_at, %(pk)s AS organisation_id, 'x@example.org' AS email, 'board' AS role,"
                " false AS can_book, %(at)s AS declined_at, NULL::timestamptz AS withdrawn_at,"
                " NULL::bigint AS invited_by_id",
                {"at": NOW, "pk": representative.organisation_id},
            )
            cursor.execute(import_module("totem.organisations.migrations.0009_invitations_of_accounts").COPY)
        kept = invitations.sent_to(PERSON, representative.organisation).get()
        assert (kept.email, kept.offer) == ("x@example.org", {"role": "board", "can_book": False})
        assert (kept.created_at, kept.sent_at, kept.declined_at) == (NOW, NOW, NOW)

    def test_withdrawn(self, client, representative):
        self.invite(client, representative.organisation, "stranger@example.org")
        client.post(reverse("accounts:invitation_withdraw", args=[Invitation.objects.get().pk]))
        assert not Invitation.objects.waiting().exists()

    def test_withdrawing_and_inviting_in_a_loop_writes_one_mail(self, client, representative):
        for _each in range(3):
            assert self.invite(client, representative.organisation, "stranger@example.org").status_code == 302
            client.post(reverse("accounts:invitation_withdraw", args=[Invitation.objects.waiting().get().pk]))
        assert Mail.objects.count() == 1

    def test_who_declined_is_not_written_to_again(self, client, representative):
        known = UserFactory()
        self.invite(client, representative.organisation, known.email)
        other = Client()
        other.force_login(known)
        other.post(reverse("accounts:invitation_decline", args=[Invitation.objects.get().pk]))
        answer = self.invite(client, representative.organisation, known.email)
        assert answer.status_code == 422
        assert "email" in answer.context["form"].errors
        assert Mail.objects.filter(to=known.email).count() == 1

    def test_a_stranger_receives_few_whoever_sends_them_and_a_person_sends_few(self):
        def invite(email: str, by: User) -> None:
            organisation = AffiliationFactory(person=by).organisation
            offer = {"role": "employee", "can_book": True}
            invitations.invite(kind=PERSON, subject=organisation, email=email, offer=offer, by=by, now=NOW)

        for _each in range(3):
            invite("victim@example.org", UserFactory())
        with pytest.raises(LimitReached):
            invite("victim@example.org", UserFactory())
        assert Mail.objects.filter(to="victim@example.org").count() == 3
        sender = UserFactory()
        for n in range(20):
            invite(f"x{n}@example.org", sender)
        with pytest.raises(LimitReached):
            invite("one.more@example.org", sender)
        assert Mail.objects.count() == 23

    def test_a_name_with_an_address_is_refused_whoever_notes_it(self, client):
        client.force_login(UserFactory())
        answer = client.post(CREATE, values(name="GAGNEZ 1000 EUROS http://evil.example.fr"))
        assert answer.status_code == 422
        assert "name" in answer.context["form"].errors
        with pytest.raises(ValidationError):
            actions.note_organisation(by=UserFactory(), workspace=WorkspaceFactory(), **values(name="www.evil.fr"))
        assert not Organisation.objects.exists()

    def test_addresses_that_never_answered_are_forgotten_after_a_year(self, representative):
        for n, age in enumerate((364, 366)):
            row = invited(representative.organisation, f"x{n}@e.fr")
            Invitation.objects.filter(pk=row.pk).update(created_at=NOW - datetime.timedelta(days=age))
        invitations.forget(now=NOW)
        assert Invitation.objects.get().email == "x0@e.fr"

    @pytest.mark.parametrize("wrong", [{"email": "nobody"}, {"email": ""}, {"role": "king"}])
    def test_a_bad_value_invites_nobody(self, client, representative, wrong):
        answer = self.invite(client, representative.organisation, **{"email": "stranger@example.org", **wrong})
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == set(wrong)
        assert not Mail.objects.exists()

    def test_whoever_is_in_is_not_invited(self, client, representative):
        answer = self.invite(client, representative.organisation, representative.person.email)
        assert answer.status_code == 422
        assert not Invitation.objects.exists()

    def test_not_more_than_can_be_answered(self, client, representative):
        for n in range(PERSON.most):
            invited(representative.organisation, f"x{n}@example.org", withdrawn_at=NOW)
        assert self.invite(client, representative.organisation, "one.more@example.org").status_code == 422
        assert not Mail.objects.exists()


class TestRemove:
    def remove(self, client, row):
        return client.post(reverse("organisations:remove", args=[row.organisation_id, row.pk]))

    def test_a_representative_takes_somebody_out(self, client, representative):
        row = AffiliationFactory(organisation=representative.organisation, employee=True)
        self.remove(client, row)
        row.refresh_from_db()
        assert row.until == TODAY
        assert not is_in(row.person, row.organisation)

    def test_others_only_take_themselves_out(self, client, representative):
        row = AffiliationFactory(organisation=representative.organisation, employee=True)
        client.force_login(row.person)
        assert self.remove(client, representative).status_code == 404
        assert self.remove(client, row).url == LIST
        assert is_in(representative.person, representative.organisation)
        assert not is_in(row.person, row.organisation)

    def test_the_last_representative_stays(self, client, representative):
        self.remove(client, representative)
        assert representative.organisation in queries.edited_by(representative.person, TODAY)

    def test_somebody_of_another_organisation_is_not_found(self, client, representative):
        other = AffiliationFactory()
        assert self.remove(client, other).status_code == 404
        url = reverse("organisations:remove", args=[representative.organisation_id, other.pk])
        assert client.post(url).status_code == 404
        assert is_in(other.person, other.organisation)

    def test_one_may_come_back_the_same_day(self, representative):
        row = AffiliationFactory(organisation=representative.organisation, employee=True)
        actions.remove_person(affiliation=row, by=representative.person, now=NOW)
        invitation = invited(row.organisation, row.person.email)
        invitations.accept(invitation=invitation, person=row.person, now=NOW)
        assert row.person.affiliations.latest("pk").role == Role.BOARD


class TestErasure:
    def test_the_export_names_organisations(self, representative):
        assert export_personal_data(person=representative.person)["organisations"][0]["role"] == "representative"

    def test_whoever_is_erased_leaves(self, representative):
        erase_person(person=representative.person, actor_id=representative.person_id, now=NOW)
        assert not is_in(representative.person, representative.organisation)

    def test_not_when_others_would_be_left_alone(self, representative):
        AffiliationFactory(organisation=representative.organisation, employee=True)
        with pytest.raises(ErasureRefused, match=representative.organisation.name):
            erase_person(person=representative.person, actor_id=representative.person_id, now=NOW)
        assert representative.organisation in queries.edited_by(representative.person, TODAY)


class TestStrangers:
    def test_another_organisation_does_not_exist(self, client, representative):
        other = AffiliationFactory(employee=True)
        invitation = invited(other.organisation, "x@example.org")
        pk = other.organisation_id
        for name in ("withdraw", "send_again", "accept", "decline"):
            assert client.post(reverse(f"accounts:invitation_{name}", args=[invitation.pk])).status_code == 404, name
        for name, args in (
            ("detail", [pk]),
            ("edit", [pk]),
            ("remove", [pk, other.pk]),
        ):
            url = reverse(f"organisations:{name}", args=args)
            assert client.post(url, {}).status_code == 404, name
            if name in {"detail", "edit"}:
                assert client.get(url).status_code == 404

    def test_whoever_does_not_represent_it_reads_only(self, client):
        row = AffiliationFactory(employee=True)
        client.force_login(row.person)
        url = reverse("organisations:detail", args=[row.organisation_id])
        page = client.get(url)
        assert page.status_code == 200
        assert "<form" not in page.content.decode().split("<main")[1].split("confirm-panel")[0].replace(
            '<form method="post" action="/organisations/', ""
        )
        assert client.post(url, {"email": "x@example.org", "role": "board"}).status_code == 404
        assert client.get(reverse("organisations:edit", args=[row.organisation_id])).status_code == 404

    def test_nobody_without_an_account(self, client):
        for url in (LIST, CREATE):
            assert client.get(url).status_code == 302


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_same_number_of_queries(client, representative, rows, django_assert_num_queries):
    AffiliationFactory.create_batch(rows - 1, person=representative.person)
    client.get(LIST)
    with django_assert_num_queries(6):  # session, person, affiliations, invitations, own hubs, own territories
        client.get(LIST)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_people_ask_the_same_number_of_queries(client, representative, rows, django_assert_num_queries):
    AffiliationFactory.create_batch(rows - 1, organisation=representative.organisation, employee=True)
    url = reverse("organisations:detail", args=[representative.organisation_id])
    client.get(url)
    with django_assert_num_queries(7):  # session, person, organisation, people, invitations, own hubs, own territories
        client.get(url)


def test_a_siret_finds_the_company_that_is_known_by_its_siren(db):
    workspace = WorkspaceFactory()
    company = OrganisationFactory(siren="356000000", siret="", noted_by=workspace)
    assert queries.match_organisations(LA_POSTE, workspace) == [company]
    place = OrganisationFactory(siren="356000000", siret=LA_POSTE, noted_by=workspace)
    assert queries.match_organisations(LA_POSTE, workspace) == [place]
