"""What triggers hold a building to: its phases are as announced, its lots fit in them."""

import pgtrigger

# A phase has the values of its newest retained announcement.
AS_ANNOUNCED = """
IF NOT EXISTS (
    SELECT FROM premises_phase p
      JOIN LATERAL (SELECT * FROM premises_phaserevision r WHERE r.phase_id = p.id AND r.retained
                     ORDER BY r.announced_on DESC, r.id DESC LIMIT 1) last
        ON (last.state, last.usable_m2, last.cost, last.due_on, last.delivered_on, last.document_id)
           IS NOT DISTINCT FROM (p.state, p.usable_m2, p.cost, p.due_on, p.delivered_on, p.document_id)
     WHERE p.id = {phase}
) THEN
    RAISE EXCEPTION 'A phase is what its newest retained announcement says.' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""
# Locks the row of the building: two concurrent changes that fit alone may not fit together.
LOTS_FIT = """
PERFORM FROM premises_building WHERE id = NEW.building_id FOR NO KEY UPDATE;
IF (SELECT coalesce(sum(usable_m2), 0) FROM premises_lot WHERE building_id = NEW.building_id)
 > (SELECT coalesce(sum(usable_m2), 0) FROM premises_phase
     WHERE building_id = NEW.building_id AND state <> 'cancelled') THEN
    RAISE EXCEPTION 'The lots of a building are not larger than its phases.' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""
CHECK = {
    "level": pgtrigger.Row,
    "when": pgtrigger.After,
    "operation": pgtrigger.Insert | pgtrigger.Update,
    "timing": pgtrigger.Deferred,
}
