"""The outbox: mails are rows written in the transaction of what they announce, and sent by a job.

At-least-once delivery: the row and its job commit with the caller's transaction, so a mail is sent exactly when the
change was committed. The row is marked sent in the transaction that locked it while SMTP answered; the only window for
a duplicate is a process killed after the server accepted the mail and before that commit. Both copies then carry the
same Message-ID, and most mail clients show one.
"""

import datetime
import hashlib
import re
from collections.abc import Iterable
from email.mime.text import MIMEText
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template import Context
from django.template.loader import get_template
from django.utils import translation
from procrastinate.contrib.django import app

from totem.core import clock
from totem.core.calendar_files import Party
from totem.core.links import html_without_links, without_links
from totem.core.models import Mail, StoredFile

# How long the content of a mail is kept after it was written; the row (key, date) stays.
BODY_RETENTION = datetime.timedelta(days=90)
ERASED_FIELDS = {
    **dict.fromkeys(("to", "subject", "text", "html", "sender_name", "reply_to", "calendar", "attached_name"), ""),
    "attached": None,
}


def message_id(key: str) -> str:
    """The Message-ID of the mails of that key: the same for duplicates, so that mail clients recognise them."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(f'{settings.SITE_URL} {key}'.encode()).hexdigest()[:40]}@{domain}>"


def _render(name: str, context: dict[str, Any], *, escaped: bool) -> str:
    template: Any = get_template(name)
    rendered: str = template.template.render(Context(context, autoescape=escaped))
    return rendered


@transaction.atomic
def queue(
    *,
    key: str,
    to: str,
    language: str,
    template: str,
    context: dict[str, Any],
    sender: Party | None = None,
    calendar: bytes = b"",
    attached: tuple[str, StoredFile] | None = None,
    links: Iterable[str] = (),
) -> Mail:
    """Write the mail `key` to `to` and return its row; the job that sends it starts when the transaction commits.

    `template` names three files, `TEMPLATE.subject.txt`, `TEMPLATE.txt` and `TEMPLATE.html`, rendered in `language`
    with `context`, `site_url`, `language` and `replies`: whether one may answer. It comes from the site's address in
    the name of `sender`, whom answers reach. `calendar` is an iCalendar file to attach (`core.calendar_files`),
    `attached` a stored PDF with its name. Asking again for the same key returns the first row and sends no more.

    Only `links`, the reader's address and values named `…_url`, `…address` or `…email` may be links: anything else that
    looks like one is made plain text (`core.links`).
    """
    known = Mail.objects.filter(key=key).first()
    if known is not None:
        return known
    replies = bool(sender and sender.email)
    context = {**context, "site_url": settings.SITE_URL, "language": language, "replies": replies}
    links = [
        *links,
        to,
        *(str(value) for name, value in context.items() if name.endswith(("_url", "address", "email"))),
    ]
    with translation.override(language):
        subject = without_links(" ".join(_render(f"{template}.subject.txt", context, escaped=False).split()), links)
        text = without_links(_render(f"{template}.txt", context, escaped=False).strip() + "\n", links)
        html = html_without_links(_render(f"{template}.html", {**context, "subject": subject}, escaped=True), links)
    mail, created = Mail.objects.get_or_create(
        key=key,
        defaults={
            "message_id": message_id(key),
            "to": to,
            "language": language,
            "subject": subject[:250],
            "text": text,
            "html": html,
            "sender_name": without_links(sender.name, ()) if sender else "",
            "reply_to": sender.email if sender else "",
            "calendar": calendar.decode(),
            "attached_name": attached[0] if attached else "",
            "attached": attached[1] if attached else None,
        },
    )
    if created:
        app.configure_task("core.send_mail").defer(mail_id=mail.pk)  # named: totem.core.jobs imports this module
    return mail


@transaction.atomic
def deliver(mail_id: int) -> bool:
    """Send the mail by SMTP; True if this call sent it, False if it was already sent, erased or deleted.

    Raises what the mail backend raises: the row stays unsent and the job tries again later.
    """
    mail = Mail.objects.select_for_update().filter(pk=mail_id).first()
    if mail is None or mail.sent_at is not None or not mail.text:
        return False
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=_from(mail.sender_name),
        to=[mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": mail.message_id, "Content-Language": mail.language, "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(mail.html, "text/html")
    if mail.calendar:
        message.attach(_calendar_part(mail.calendar))
    if mail.attached:
        message.attach(mail.attached_name, bytes(mail.attached.content), "application/pdf")
    message.send()
    mail.sent_at = clock.now()
    mail.save(update_fields=["sent_at", "updated_at"])
    return True


def _from(name: str) -> str:
    own_name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((" ".join(name.split()) or own_name, address))


def _calendar_part(calendar: str) -> MIMEText:
    """The part that calendars of mail clients read: its type names the method of the file (RFC 6047)."""
    part = MIMEText(calendar, "calendar", "utf-8")
    method = re.search(r"^METHOD:(\w+)", calendar, re.MULTILINE)
    part.set_param("method", method[1] if method else "PUBLISH")
    part.add_header("Content-Disposition", "attachment", filename="invitation.ics")
    return part


def erase_old_mails(*, now: datetime.datetime) -> int:
    """Erase subject, text and address of mails older than `BODY_RETENTION`; returns how many were erased."""
    return Mail.objects.filter(created_at__lt=now - BODY_RETENTION).exclude(text="").update(**ERASED_FIELDS)


def erase_address(address: str) -> int:
    """Erase every mail to that address, sent or not (a person is erased); returns how many were erased."""
    return Mail.objects.filter(to__iexact=address).update(**ERASED_FIELDS)
