# ruff: noqa: S608 - the names of the database's own tables
"""What is kept is refused to every role that is no superuser, whatever its session sets."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories.observatory import ActivityVersionFactory
from tests.factories.territories import DocumentFactory
from totem.core import clock
from totem.core.models import StoredFile

pytestmark = pytest.mark.django_db
# Each with what nobody does to it: everything (append-only), or what its name says.
EVERYTHING = {"UPDATE", "DELETE", "TRUNCATE"}
KEPT = {
    "billing_closedday": EVERYTHING,
    "billing_closedmonth": EVERYTHING,
    "billing_collectionexport": EVERYTHING,
    "billing_deduction": EVERYTHING,
    "billing_drawercount": EVERYTHING,
    "billing_issueddocument": EVERYTHING,
    "billing_issuedfile": EVERYTHING,
    "billing_issuedline": EVERYTHING,
    "billing_payment": EVERYTHING,
    "billing_receiptprint": EVERYTHING,
    "billing_series": {"DELETE", "TRUNCATE"},
    "billing_transmission": EVERYTHING,
    "core_chainlink": EVERYTHING,
    "core_journalentry": EVERYTHING,
    "core_journalseal": EVERYTHING,
    "core_signature": EVERYTHING,
    "core_storedfile": {"UPDATE", "TRUNCATE"},  # its content can be erased
    "labels_assemblydocument": {"UPDATE", "TRUNCATE"},  # goes with one that is not convened
    "labels_attendance": {"UPDATE", "TRUNCATE"},  # a presence noted by mistake is taken back
    "labels_charterversion": EVERYTHING,
    "labels_evaluation": EVERYTHING,
    "labels_judgement": EVERYTHING,
    "labels_observation": {"DELETE", "TRUNCATE"},
    "labels_observationversion": EVERYTHING,
    "labels_observationversion_documents": EVERYTHING,
    "labels_proxy": {"DELETE", "TRUNCATE"},
    "labels_retention": EVERYTHING,
    "labels_voter": EVERYTHING,
    "memberships_agreementcharge": EVERYTHING,
    "memberships_aidattestation": EVERYTHING,
    "memberships_aiddecision": EVERYTHING,
    "memberships_aiddeclaration": EVERYTHING,
    "memberships_aidentry": EVERYTHING,
    "memberships_authoritieslist": EVERYTHING,
    "memberships_authoritieslistsending": EVERYTHING,
    "memberships_creditentry": EVERYTHING,
    "memberships_declaredaid": EVERYTHING,
    "memberships_depositreceiptprint": EVERYTHING,
    "memberships_depositmovement": EVERYTHING,
    "memberships_domiciliationdocument": {"DELETE", "TRUNCATE"},  # its content can be erased
    "memberships_domiciliationfile": {"DELETE", "TRUNCATE"},
    "memberships_mailcollection": EVERYTHING,
    "memberships_registrynotice": EVERYTHING,
    "memberships_vigilancecheck": {"DELETE", "TRUNCATE"},
    "observatory_activityversion": {"TRUNCATE"},
    "observatory_branch": {"TRUNCATE"},
    "observatory_activitycode": {"TRUNCATE"},
    "observatory_correction": {"TRUNCATE"},
    "premises_phase": {"DELETE", "TRUNCATE"},
    "premises_phaserevision": EVERYTHING,
    "territories_document": {"DELETE", "TRUNCATE"},
    "territories_perimeterpart": EVERYTHING,
    "territories_perimeterversion": EVERYTHING,
}


def rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def refuse(*statements: str) -> None:
    """The last of these statements, in a transaction of their own, is refused."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements[:-1]:
            cursor.execute(statement)
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute(statements[-1])
        transaction.set_rollback(True)


def ignore(table: str) -> str:
    """The setting by which django-pgtrigger's own triggers of that table are ignored."""
    names = rows(f"SELECT tgname FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal")
    return f"SET LOCAL pgtrigger.ignore = '{{{','.join(str(name) for (name,) in names)}}}'"


@pytest.mark.parametrize("table", KEPT)
def test_what_is_kept_is_refused_whatever_the_session_sets(table: str) -> None:
    (column,) = rows(f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum = 1")[0]
    statements = {
        "UPDATE": f"UPDATE {table} SET {column} = {column}",
        "DELETE": f"DELETE FROM {table}",
        "TRUNCATE": f"TRUNCATE {table} CASCADE",
    }
    for operation in KEPT[table]:
        refuse(statements[operation])
        refuse(ignore(table), statements[operation])


def test_no_trigger_asks_the_session_whether_it_holds_or_where_its_tables_are() -> None:
    assert not rows("SELECT tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid WHERE prosrc LIKE '%ignore%'")
    ours = "tgname LIKE 'pgtrigger_%' AND proname <> 'core_refuse_change'"
    assert not rows(
        f"SELECT tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid WHERE {ours}"
        " AND proconfig IS DISTINCT FROM '{\"search_path=public, pg_temp\"}'"
    )


def test_the_running_role_cannot_put_triggers_out_of_force() -> None:
    refuse("SET session_replication_role = replica")


def test_what_a_document_is_stays_whatever_the_session_sets() -> None:
    document = DocumentFactory()
    switch = ignore("territories_document")
    refuse(switch, f"UPDATE territories_document SET sha256 = '{'0' * 64}', stored_id = NULL")
    refuse(switch, "UPDATE territories_document SET name = 'other.pdf'")
    assert StoredFile.objects.get().sha256 == document.sha256


def test_a_temporary_table_of_the_same_name_hides_nothing_from_a_trigger() -> None:
    version = ActivityVersionFactory(published_at=clock.now())
    refuse(
        "CREATE TEMP TABLE observatory_activityversion (LIKE public.observatory_activityversion)",
        "INSERT INTO public.observatory_branch (version_id, position, name, name_en)"
        f" VALUES ({version.pk}, 99, 'added', '')",
    )


def test_each_table_that_refuses_something_is_tried_above() -> None:
    """By the bits of `pg_trigger.tgtype`: 8 DELETE, 16 UPDATE, 32 TRUNCATE, 1 for each row."""
    found = rows(
        "SELECT tgrelid::regclass::text, tgtype FROM pg_trigger"
        " WHERE tgfoid = 'core_refuse_change'::regproc AND tgtype & 1 = 0"
    )
    bits = {"DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
    assert {table: {name for name in bits if tgtype & bits[name]} for table, tgtype in found} == KEPT
