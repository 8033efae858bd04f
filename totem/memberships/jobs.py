"""Credits each night, aid and domiciliation each morning, the monthly run, and the mails of its invoices."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from totem.core import clock
from totem.core.queues import LONG
from totem.hubs.models import Hub
from totem.memberships.actions import agreements, dues, monthly_run, passes, standing
from totem.memberships.actions import credits as ledger
from totem.memberships.aid import mails as aid_mails
from totem.memberships.domiciliation import mails as domiciliation_mails
from totem.memberships.domiciliation.actions import erase_kept
from totem.memberships.models import MonthlyRun


@app.periodic(cron="*/10 * * * *")
@app.task(name="memberships.grant_passes", queue=LONG, queueing_lock="memberships.grant_passes")
def grant_passes(timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due
    """The credits of passes that were invoiced since."""
    passes.grant_invoiced(now=clock.now())


@app.periodic(cron="12 0-4 * * *")
@app.task(name="memberships.keep_credits", queue=LONG, queueing_lock="memberships.keep_credits")
def keep_credits(timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due
    """Each night, in every zone: what ended expires or is kept, the months that begin bring theirs, ends are told."""
    now = clock.now()
    ledger.expire(now=now)
    ledger.grant_all_due(now=now)
    ledger.warn(now=now)


@app.periodic(cron="22 * * * *")
@app.task(name="memberships.offer_lapsed_places", queue=LONG, queueing_lock="memberships.offer_lapsed_places")
def offer_lapsed_places(timestamp: int = 0) -> None:  # noqa: ARG001
    """Each hour: places that were offered and not taken in time are offered to the next who wait."""
    agreements.offer_lapsed_places(now=clock.now())


@app.periodic(cron="42 3 * * *")
@app.task(name="memberships.derive_members", queue=LONG, queueing_lock="memberships.derive_members")
def derive_members(timestamp: int = 0) -> None:  # noqa: ARG001
    """Each night: who is a member is written again where it differs from what it is derived from."""
    standing.sync_all()


@app.periodic(cron="12 7 * * *")
@app.task(name="memberships.keep_dues", queue=LONG, queueing_lock="memberships.keep_dues")
def keep_dues(timestamp: int = 0) -> None:  # noqa: ARG001
    """Each morning: requests that nobody paid are abandoned, and those whose dues have ended are reminded once."""
    now = clock.now()
    dues.abandon_old(now=now)
    dues.remind(now=now)


@app.periodic(cron="32 7 * * *")
@app.task(name="memberships.remind_of_aid", queue=LONG, queueing_lock="memberships.remind_of_aid")
def remind_of_aid(timestamp: int = 0) -> None:  # noqa: ARG001
    """Each morning: managers are told who nears the ceiling of aid, and what is to enter in the register."""
    now = clock.now()
    for hub in Hub.objects.filter(plans__is_incubation=True).distinct().order_by("pk"):
        aid_mails.remind_of_aid(hub, now)


@app.periodic(cron="42 7 * * *")
@app.task(name="memberships.keep_domiciliation", queue=LONG, queueing_lock="memberships.keep_domiciliation")
def keep_domiciliation(timestamp: int = 0) -> None:  # noqa: ARG001
    """Each morning: files that were kept long enough are emptied, managers are told what is to be done."""
    now = clock.now()
    erase_kept(now=now)
    for hub in Hub.objects.filter(plans__is_domiciliation=True).distinct().order_by("pk"):
        domiciliation_mails.remind(hub, now)


@app.task(name="memberships.run_month", queue=LONG, retry=RetryStrategy(max_attempts=5, exponential_wait=3))
def run_month(run_id: int) -> None:
    """Do the run, or what is left of it; killed, it is retried."""
    monthly_run.run_month(run=MonthlyRun.objects.select_related("hub").get(pk=run_id), now=clock.now())


def queue_run(run_id: int) -> None:
    """Queue the run; one a hub and month at a time."""
    run_month.configure(lock=f"memberships.run_month:{run_id}").defer(run_id=run_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="memberships.mail_invoices", queue=LONG, queueing_lock="memberships.mail_invoices")
def mail_invoices(timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due
    """Queue the mails of invoices whose PDF was drawn since."""
    monthly_run.mail_invoices(now=clock.now())
