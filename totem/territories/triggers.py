"""Triggers that keep what a workspace publishes within what the installation's staff approved (decision 10)."""

import pgtrigger

from totem.core.triggers import Trigger


def published_by_trusted(name: str) -> Trigger:
    """The trigger of a model with `workspace` and `public`: only a trusted workspace has public rows.

    It shares the lock of the workspace's row until the transaction ends: trust is not withdrawn at the same time.
    """
    return Trigger(
        name=f"{name}_published_by_trusted",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("public", "workspace_id"),
        condition=pgtrigger.Q(new__public=True, new__workspace__isnull=False),
        func="""
        PERFORM FROM territories_workspace WHERE id = NEW.workspace_id AND state = 'trusted' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'What this territory publishes is not approved.' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """,
    )


# Of every table that has a workspace and can be public, those of the rooms above too.
NOTHING_PUBLIC_WITHOUT_TRUST = Trigger(
    name="workspace_nothing_public_without_trust",
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf("state"),
    condition=pgtrigger.Q(old__state="trusted") & ~pgtrigger.Q(new__state="trusted"),
    declare=[("declared", "regclass"), ("shown", "boolean")],
    func="""
    FOR declared IN
        SELECT c.oid FROM pg_class c
        JOIN pg_attribute w ON w.attrelid = c.oid AND w.attname = 'workspace_id'
        JOIN pg_attribute p ON p.attrelid = c.oid AND p.attname = 'public'
        WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid)
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE workspace_id = $1 AND public)', declared)
            INTO shown USING NEW.id;
        IF shown THEN
            RAISE EXCEPTION 'This territory still shows rows of % to the public.', declared
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NEW;
    """,
)
