"""The pages of a territory's actors: permissions, validation errors, computed growth, what stays private."""

import datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories.organisations import (
    AffiliationFactory,
    OrganisationFactory,
    RelationFactory,
    YearFiguresFactory,
    siren,
)
from tests.factories.territories import (
    CommuneFactory,
    DocumentFactory,
    PerimeterFactory,
    WorkspaceFactory,
    WorkspaceMemberFactory,
)
from totem.core.models import JournalEntry
from totem.core.wording import number
from totem.organisations import actions, queries
from totem.organisations.models import Affiliation, Organisation, OrganisationKind, Relation, YearFigures
from totem.territories.models import Document, Workspace, WorkspaceRole

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
LAST_YEAR = TODAY.year - 1
PDF = b"%PDF-1.7\n% accounts\n%%EOF\n"


@pytest.fixture
def workspace() -> Workspace:
    return WorkspaceFactory()


@pytest.fixture
def agent(workspace) -> Client:
    return signed_in(workspace, WorkspaceRole.AGENT)


def signed_in(workspace: Workspace, role: str = WorkspaceRole.OFFICER) -> Client:
    client = Client()
    client.force_login(WorkspaceMemberFactory(workspace=workspace, role=role).person)
    return client


def at(name: str, workspace: Workspace, *more: object) -> str:
    return reverse(f"organisations:{name}", args=[workspace.slug, *more])


def of_relation(name: str, relation: Relation) -> str:
    return at(name, relation.workspace, relation.organisation_id, relation.pk)


def of_figures(name: str, figures: YearFigures) -> str:
    return at(name, figures.workspace, figures.organisation_id, figures.pk)


def relation_form(**changes: object) -> dict[str, object]:
    """The fields that the form of a relation submits."""
    return {
        "who-organisation": "Exemple Capital",
        "who-kind": OrganisationKind.VC_FUND,
        "kind": "invests_in",
        "stage": "venture",
        "commune": CommuneFactory().label,
        "since": "2025-03-01",
        "source": "Lettre d’engagement",
        **changes,
    }


def year_form(**changes: object) -> dict[str, object]:
    """The fields that the form of a year's figures submits."""
    return {
        "closing_date": f"{LAST_YEAR}-12-31",
        "revenue": "6250000",
        "staff_low": "26",
        "staff_high": "26",
        "international_share": "40",
        "source": "Comptes certifiés",
        **changes,
    }


class TestAdding:
    def test_an_organisation_that_is_not_here_is_noted_and_nobody_represents_it(self, agent, workspace):
        answer = agent.post(at("actor_add", workspace), relation_form(**{"who-siren": siren(81_000)}))
        relation = Relation.objects.get()
        assert answer.url == at("actor", workspace, relation.organisation_id)
        made = relation.organisation
        assert (made.name, made.kind, made.siren) == ("Exemple Capital", OrganisationKind.VC_FUND, siren(81_000))
        assert not Affiliation.objects.filter(organisation=made).exists()
        assert (relation.kind, relation.stage, relation.commune_id) == ("invests_in", "venture", "80021")
        assert (relation.workspace, relation.public) == (workspace, False)
        entries = JournalEntry.objects.filter(scope=f"workspace:{workspace.pk}")
        assert set(entries.values_list("verb", flat=True)) == {
            "organisations.noted",
            "organisations.relation_declared",
        }

    @pytest.mark.parametrize("typed", ["{name}", "{siren}", "{name} ({siren})"])
    def test_one_that_is_here_is_found_by_name_or_number(self, agent, workspace, typed):
        here = OrganisationFactory(name="Éclair Numérique", siren=siren(81_001), noted_by=workspace)
        text = typed.format(name="eclair numerique", siren=here.siren)
        agent.post(at("actor_add", workspace), relation_form(**{"who-organisation": text, "who-kind": ""}))
        assert Relation.objects.get().organisation == here

    def test_namesakes_are_told_apart(self, agent, workspace):
        OrganisationFactory(name="Exemple Capital", noted_by=workspace)
        OrganisationFactory(name="Exemple Capital", commune=CommuneFactory(rouen=True), noted_by=workspace)
        answer = agent.post(at("actor_add", workspace), relation_form())
        assert answer.status_code == 422
        assert "Rouen (76)" in str(answer.context["who"].errors["organisation"])
        assert not Relation.objects.exists()

    @pytest.mark.parametrize(
        ("form", "field", "changes"),
        [
            ("who", "organisation", {"who-organisation": ""}),
            ("who", "organisation", {"who-organisation": siren(81_002)}),
            ("who", "kind", {"who-kind": ""}),
            ("who", "siren", {"who-siren": "123456789"}),
            ("form", "kind", {"kind": "befriends"}),
            ("form", "stage", {"kind": "mentors"}),
            ("form", "partner", {"commune": ""}),
            ("form", "commune", {"partner": "Autre", "partner_kind": "school"}),
            ("form", "partner_kind", {"commune": "", "partner": "Autre"}),
            ("form", "commune", {"commune": "Nulle-Part"}),
            ("form", "since", {"since": ""}),
            ("form", "until", {"until": "2025-03-01"}),
            ("form", "places", {"places": "-1"}),
            ("form", "amount", {"amount": "beaucoup"}),
            ("form", "source_url", {"source_url": "javascript:alert(1)"}),
        ],
    )
    def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(self, agent, workspace, form, field, changes):
        before = JournalEntry.objects.count()
        answer = agent.post(at("actor_add", workspace), relation_form(detail="Tour de table", **changes))
        assert answer.status_code == 422
        assert field in answer.context[form].errors, answer.context[form].errors
        assert "Tour de table" in answer.content.decode()
        assert not Relation.objects.exists()
        assert not Organisation.objects.exists()
        assert JournalEntry.objects.count() == before

    def test_a_known_siren_under_another_name_is_refused_with_the_known_name(self, agent, workspace):
        OrganisationFactory(siren=siren(81_003), name="Autre nom", noted_by=workspace)
        answer = agent.post(at("actor_add", workspace), relation_form(**{"who-siren": siren(81_003)}))
        assert answer.status_code == 422
        assert "siren" in answer.context["who"].errors
        assert Organisation.objects.count() == 1

    @pytest.mark.parametrize("theirs", ["nobody", "people", "territory"])
    def test_no_answer_tells_that_others_are_here_with_the_number_or_the_name(self, agent, workspace, theirs):
        if theirs != "nobody":
            other = OrganisationFactory(
                name="Exemple Capital", siren=siren(81_006), email="prive@example.org", commune=None,
                kind=relation_form()["who-kind"],
                noted_by=WorkspaceFactory() if theirs == "territory" else None,
            )  # fmt: skip
            RelationFactory(organisation=other)
            AffiliationFactory(organisation=other)
        by_number = agent.post(at("actor_add", workspace), relation_form(**{"who-organisation": siren(81_006)}))
        assert list(by_number.context["who"].errors) == ["organisation"]
        answer = agent.post(at("actor_add", workspace), relation_form(**{"who-siren": siren(81_006)}), follow=True)
        assert answer.status_code == 200
        assert "prive@example.org" not in answer.content.decode()
        made = Relation.objects.get(workspace=workspace).organisation
        assert (made.siren, made.noted_by, made.email) == (siren(81_006), workspace, "")
        again = agent.post(
            at("actor_add", workspace), relation_form(**{"who-organisation": "X", "who-siren": made.siren})
        )
        assert "siren" in again.context["who"].errors or again.status_code == 422  # one's own is once
        inside = [row.id for row in queries.organisations_inside(None, [made.kind], workspace)]
        assert inside == [made.pk]  # and is counted once

    def test_a_namesake_with_another_siren_is_not_taken_for_it(self, agent, workspace):
        OrganisationFactory(name="Exemple Capital", siren=siren(81_004), noted_by=workspace)
        answer = agent.post(at("actor_add", workspace), relation_form(**{"who-siren": siren(81_005)}))
        assert answer.status_code == 422
        assert "siren" in answer.context["who"].errors
        assert not Relation.objects.exists()

    def test_the_other_organisation_may_be_new_too(self, agent, workspace):
        one = OrganisationFactory(noted_by=workspace)
        values = {"who-organisation": one.siren, "kind": "simplifies", "stage": "", "commune": ""}
        agent.post(
            at("actor_add", workspace),
            relation_form(**values, partner="Préfecture d’exemple", partner_kind="state_service"),
        )
        partner = Relation.objects.get().partner
        assert partner is not None
        assert (partner.name, partner.kind) == ("Préfecture d’exemple", OrganisationKind.STATE_SERVICE)

    def test_nobody_has_a_relation_with_itself(self, agent, workspace):
        one = OrganisationFactory(noted_by=workspace)
        values = {"who-organisation": one.siren, "partner": one.siren, "commune": "", "kind": "mentors", "stage": ""}
        answer = agent.post(at("actor_add", workspace), relation_form(**values))
        assert answer.status_code == 422
        assert "partner" in answer.context["form"].errors

    def test_the_same_twice_is_refused_and_its_document_not_kept(self, agent, workspace):
        agent.post(at("actor_add", workspace), relation_form())
        letter = SimpleUploadedFile("lettre.pdf", PDF, "application/pdf")
        answer = agent.post(at("actor_add", workspace), relation_form(file=letter))
        assert answer.status_code == 422
        assert answer.context["form"].non_field_errors()
        assert Relation.objects.count() == 1
        assert not Document.objects.exists()

    def test_a_document_is_sent_with_it(self, agent, workspace):
        letter = SimpleUploadedFile("lettre.pdf", PDF, "application/pdf")
        agent.post(at("actor_add", workspace), relation_form(file=letter))
        relation = Relation.objects.get()
        assert relation.document is not None
        assert (relation.document.workspace, relation.document.name) == (workspace, "lettre.pdf")

    def test_another_s_perimeter_and_document_do_not_exist(self, agent, workspace):
        for name, foreign in (("perimeter", PerimeterFactory()), ("document", DocumentFactory())):
            answer = agent.post(at("actor_add", workspace), relation_form(**{"commune": "", name: foreign.pk}))
            assert answer.status_code == 422
            assert name in answer.context["form"].errors
        assert not Relation.objects.exists()

    def test_an_action_refuses_what_is_another_s(self, workspace):
        by = WorkspaceMemberFactory(workspace=workspace).person
        values = {"organisation": OrganisationFactory(), "kind": "mentors", "since": TODAY}
        with pytest.raises(actions.ValidationError) as refusal:
            actions.declare_relation(workspace=workspace, by=by, perimeter=PerimeterFactory(), **values)
        assert "perimeter" in refusal.value.message_dict


class TestChanging:
    def test_a_relation_is_changed(self, agent, workspace):
        relation = RelationFactory(workspace=workspace, detail="Avant")
        page = agent.get(of_relation("relation_edit", relation))
        form = page.context["form"]
        sent = {name: form[name].value() or "" for name in form.fields if name != "file"}
        answer = agent.post(of_relation("relation_edit", relation), sent | {"detail": "Après"})
        assert answer.status_code == 302, answer.context["form"].errors
        relation.refresh_from_db()
        assert relation.detail == "Après"
        assert JournalEntry.objects.get().facts == {"fields": ["detail"]}

    def test_two_people_who_edit_a_relation_at_once_lose_no_text(self, agent, workspace):
        relation = RelationFactory(workspace=workspace)
        url = of_relation("relation_edit", relation)
        form = agent.get(url).context["form"]
        sent = {name: form[name].value() or "" for name in form.fields if name != "file"}
        other = signed_in(workspace)
        other.post(url, sent | {"detail": "Le texte de l’autre"})
        answer = agent.post(url, sent | {"detail": "Mon texte", "source": "Ma source"})
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "Le texte de l’autre" in page
        assert "Mon texte" in page
        assert "Ma source" in page
        relation.refresh_from_db()
        assert relation.detail == "Le texte de l’autre"
        again = {name: answer.context["form"][name].value() or "" for name in form.fields if name != "file"}
        assert agent.post(url, again).status_code == 302
        relation.refresh_from_db()
        assert (relation.detail, relation.source) == ("Mon texte", "Ma source")

    def test_two_people_who_edit_figures_at_once_lose_no_text(self, agent, workspace):
        figures = YearFiguresFactory(workspace=workspace, year=LAST_YEAR)
        url = of_figures("figures_edit", figures)
        seen = agent.get(url).context["form"]["seen"].value()
        YearFigures.objects.get(pk=figures.pk).save()
        answer = agent.post(url, year_form(seen=seen, revenue="777"))
        assert answer.status_code == 409
        assert "777" in answer.content.decode()
        assert number(1_000_000) in dict(answer.context["theirs"]).values()

    def test_a_relation_ends(self, agent, workspace):
        relation = RelationFactory(workspace=workspace)
        agent.post(of_relation("relation_end", relation), {"until": "2025-06-30"})
        relation.refresh_from_db()
        assert relation.until == datetime.date(2025, 6, 30)

    @pytest.mark.parametrize("until", ["", "jamais", "2024-01-01", "2023-01-01"])
    def test_it_does_not_end_before_it_starts(self, agent, workspace, until):
        relation = RelationFactory(workspace=workspace)
        answer = agent.post(of_relation("relation_end", relation), {"until": until})
        assert answer.status_code == 422
        assert "until" in answer.context["form"].errors
        relation.refresh_from_db()
        assert relation.until is None


class TestFigures:
    def test_a_year_is_declared_and_its_growth_computed(self, agent, workspace):
        company = RelationFactory(workspace=workspace).organisation
        YearFiguresFactory(organisation=company, imported=True, year=LAST_YEAR - 1, revenue=Decimal(5_000_000))
        answer = agent.post(at("figures_add", workspace, company.pk), year_form())
        assert answer.status_code == 302, answer.context["form"].errors
        (declared, imported) = agent.get(at("actor", workspace, company.pk)).context["years"]
        assert (declared.figures.year, declared.figures.workspace, declared.growth) == (LAST_YEAR, workspace, 25)
        assert declared.before == imported.figures
        assert imported.growth is None

    def test_growth_just_below_is_not_shown_as_reached(self, agent, workspace):
        company = RelationFactory(workspace=workspace).organisation
        same = {"organisation": company, "workspace": workspace}
        YearFiguresFactory(**same, year=2024, revenue=Decimal(100_000))
        YearFiguresFactory(**same, year=2025, revenue=Decimal("124999.99"), international_share=Decimal("39.9999"))
        (last, _first) = agent.get(at("actor", workspace, company.pk)).context["years"]
        assert (last.growth_shown, last.share_shown) == (Decimal("0.249"), Decimal("0.399"))

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("closing_date", {"closing_date": TODAY.isoformat()}),
            ("closing_date", {"closing_date": (TODAY + datetime.timedelta(days=30)).isoformat()}),
            ("closing_date", {"closing_date": ""}),
            ("revenue", {"revenue": "cinq millions"}),
            ("staff_high", {"staff_low": "30", "staff_high": "20"}),
            ("staff_low", {"staff_low": "-1"}),
            ("international_share", {"international_share": "101"}),
            ("file", {"file": SimpleUploadedFile("comptes.exe", b"MZ", "application/octet-stream")}),
        ],
    )
    def test_what_is_wrong_is_told_at_its_field(self, agent, workspace, field, changes):
        company = RelationFactory(workspace=workspace).organisation
        answer = agent.post(at("figures_add", workspace, company.pk), year_form(**changes))
        assert answer.status_code == 422
        assert field in answer.context["form"].errors, answer.context["form"].errors
        assert "Comptes certifiés" in answer.content.decode()
        assert not YearFigures.objects.exists()

    def test_a_year_without_a_figure_is_refused(self, agent, workspace):
        company = RelationFactory(workspace=workspace).organisation
        nothing = dict.fromkeys(("revenue", "staff_low", "staff_high", "international_share"), "")
        answer = agent.post(at("figures_add", workspace, company.pk), year_form(**nothing))
        assert answer.status_code == 422
        assert answer.context["form"].non_field_errors()

    def test_a_year_declared_twice_is_refused(self, agent, workspace):
        figures = YearFiguresFactory(workspace=workspace, year=LAST_YEAR)
        answer = agent.post(at("figures_add", workspace, figures.organisation_id), year_form())
        assert answer.status_code == 422
        assert "closing_date" in answer.context["form"].errors
        assert YearFigures.objects.count() == 1

    def test_several_declarers_stand_side_by_side(self, agent, workspace):
        mine = YearFiguresFactory(workspace=workspace)
        theirs = YearFiguresFactory(organisation=mine.organisation, public=True, revenue=Decimal(7))
        YearFiguresFactory(organisation=mine.organisation)  # not published: not shown to others
        page = agent.get(at("actor", workspace, mine.organisation_id))
        assert {year.figures for year in page.context["years"]} == {mine, theirs}
        assert theirs.workspace.name in page.content.decode()


class TestPublishing:
    @pytest.mark.parametrize("factory", [RelationFactory, YearFiguresFactory])
    def test_is_published_and_taken_back(self, agent, workspace, factory):
        perimeter = {"perimeter": PerimeterFactory(public=True)} if factory is RelationFactory else {}
        row = factory(workspace=workspace, **perimeter)
        url = of_relation("relation_public", row) if isinstance(row, Relation) else of_figures("figures_public", row)
        elsewhere = WorkspaceFactory()
        for answer, public in (("yes", True), ("no", False)):
            agent.post(url, {"public": answer})
            row.refresh_from_db()
            assert row.public is public
            assert type(row).objects.visible_to_workspace(elsewhere).exists() is public

    def test_a_relation_does_not_publish_a_perimeter_of_the_team(self, agent, workspace):
        relation = RelationFactory(workspace=workspace)
        answer = agent.post(of_relation("relation_public", relation), {"public": "yes"}, follow=True)
        relation.refresh_from_db()
        assert not relation.public
        assert [message.level_tag for message in answer.context["messages"]] == ["error"]

    def test_an_unpublished_document_of_another_is_not_named(self, agent, workspace):
        theirs = DocumentFactory(title="Confidence entre nous")
        relation = RelationFactory(
            workspace=theirs.workspace, document=theirs, public=True, perimeter=PerimeterFactory(public=True)
        )
        page = agent.get(at("actor", workspace, relation.organisation_id))
        assert page.status_code == 200
        assert "Confidence entre nous" not in page.content.decode()


class TestRights:
    CHANGES = ("actor_add", "figures_add", "relation_edit", "relation_end", "relation_public", "figures_edit",
               "figures_public")  # fmt: skip
    READS = ("actors", "actor")

    @pytest.fixture
    def addresses(self, workspace) -> dict[str, str]:
        relation = RelationFactory(workspace=workspace)
        figures = YearFiguresFactory(workspace=workspace, organisation=relation.organisation)
        return {
            "actors": at("actors", workspace),
            "actor_add": at("actor_add", workspace),
            "actor": at("actor", workspace, relation.organisation_id),
            "figures_add": at("figures_add", workspace, relation.organisation_id),
            "relation_edit": of_relation("relation_edit", relation),
            "relation_end": of_relation("relation_end", relation),
            "relation_public": of_relation("relation_public", relation),
            "figures_edit": of_figures("figures_edit", figures),
            "figures_public": of_figures("figures_public", figures),
        }

    def test_readers_see_only(self, workspace, addresses):
        reader = signed_in(workspace, WorkspaceRole.READER)
        for name in self.READS:
            page = reader.get(addresses[name])
            assert page.status_code == 200
            assert addresses["actor_add"] not in page.content.decode()
        for name in self.CHANGES:
            assert [reader.get(addresses[name]).status_code, reader.post(addresses[name]).status_code] in (
                [404, 404],
                [405, 404],
            ), name

    def test_another_territory_s_officer_finds_nothing(self, addresses):
        stranger = signed_in(WorkspaceFactory())
        for name, url in addresses.items():
            assert stranger.get(url).status_code in {404, 405}, name
            assert stranger.post(url).status_code in {404, 405}, name

    @pytest.mark.parametrize("role", [WorkspaceRole.AGENT, WorkspaceRole.OFFICER])
    def test_agents_and_officers_may(self, workspace, addresses, role):
        client = signed_in(workspace, role)
        for name, url in addresses.items():
            assert client.get(url).status_code == (405 if name.endswith("_public") else 200), name

    def test_an_organisation_about_which_nothing_is_declared_here_is_not_found(self, agent, workspace):
        hidden = [OrganisationFactory(), RelationFactory().organisation, YearFiguresFactory().organisation]
        for organisation in hidden:
            assert agent.get(at("actor", workspace, organisation.pk)).status_code == 404
            assert agent.post(at("figures_add", workspace, organisation.pk), year_form()).status_code == 404

    def test_what_others_published_is_not_changed(self, agent, workspace):
        public = {"public": True, "perimeter": PerimeterFactory(public=True)}
        theirs = RelationFactory(**public)
        imported = YearFiguresFactory(organisation=theirs.organisation, imported=True)
        for url in (
            at("relation_edit", workspace, theirs.organisation_id, theirs.pk),
            at("relation_end", workspace, theirs.organisation_id, theirs.pk),
            at("figures_edit", workspace, theirs.organisation_id, imported.pk),
        ):
            assert agent.get(url).status_code == 404


class TestPages:
    def test_the_list_goes_by_what_they_do(self, agent, workspace):
        now = RelationFactory(workspace=workspace, kind="incubates_in")
        past = RelationFactory(workspace=workspace, kind="mentors", over=True)
        RelationFactory()
        shown = agent.get(at("actors", workspace)).context["page"].object_list
        assert list(shown) == [now]
        shown = agent.get(at("actors", workspace), {"when": "all"}).context["page"].object_list
        assert set(shown) == {now, past}
        assert not agent.get(at("actors", workspace), {"kind": "mentors"}).context["page"].object_list

    def test_what_others_published_of_our_perimeters_is_listed(self, agent, workspace):
        ours = PerimeterFactory(workspace=workspace, public=True)
        theirs = RelationFactory(workspace=WorkspaceFactory(), perimeter=ours, public=True)
        assert list(agent.get(at("actors", workspace)).context["page"].object_list) == [theirs]

    def test_an_empty_territory_is_told_what_to_do(self, agent, workspace):
        page = agent.get(at("actors", workspace)).content.decode()
        assert at("actor_add", workspace) in page

    def test_the_list_asks_as_much_for_one_as_for_three(self, agent, workspace, django_assert_num_queries):
        for count in (1, 2):
            RelationFactory.create_batch(count, workspace=workspace)
            with django_assert_num_queries(8):
                agent.get(at("actors", workspace))

    def test_the_page_of_one_asks_as_much_for_one_year_as_for_three(self, agent, workspace, django_assert_num_queries):
        company = RelationFactory(workspace=workspace).organisation
        for year in (2023, 2024, 2025):
            document = DocumentFactory(workspace=workspace)
            RelationFactory(workspace=workspace, organisation=company, document=document)
            YearFiguresFactory(organisation=company, workspace=workspace, year=year, document=document)
            with django_assert_num_queries(9):
                agent.get(at("actor", workspace, company.pk))
