"""Invitations are those of accounts, whatever one is invited to; those that wait, or were answered, stay."""

from django.db import migrations

COPY = """
INSERT INTO accounts_invitation (
    created_at, updated_at, kind, subject_id, email, offer, mails, sent_at, declined_at, withdrawn_at, invited_by_id
) SELECT created_at, updated_at, 'organisations.person', organisation_id, email,
    jsonb_build_object('role', role, 'can_book', can_book), 1, created_at, declined_at, withdrawn_at, invited_by_id
    FROM organisations_invitation
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_invitations_phone'),
        ('organisations', '0008_noted_by'),
    ]

    operations = [
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.DeleteModel(name='Invitation'),
    ]
