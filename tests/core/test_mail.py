"""The outbox: a mail is sent once, in its reader's language, and never when the transaction was rolled back."""

import datetime
import re
import smtplib

import pytest
from django.core import mail as django_mail
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.html import escape
from procrastinate.contrib.django.models import ProcrastinateJob

from totem.core import mail
from totem.core.jobs import purge, send_mail
from totem.core.links import refuse_address
from totem.core.models import Mail

CODE = {"code": "ABC-123"}


def queue(key: str = "test:1", language: str = "en", to: str = "reader@example.org") -> Mail:
    return mail.queue(key=key, to=to, language=language, template="accounts/mail/login_code", context=CODE)


@pytest.mark.django_db
class TestQueue:
    def test_a_mail_is_written_and_a_job_waits_to_send_it(self):
        written = queue()
        assert written.subject == "Your code: ABC-123"
        assert "ABC-123" in written.text
        assert "ABC-123" in written.html
        assert '<html lang="en">' in written.html
        job = ProcrastinateJob.objects.get(task_name="core.send_mail")
        assert job.args == {"mail_id": written.pk}
        assert django_mail.outbox == []

    def test_the_same_key_is_written_and_sent_once(self):
        first = queue()
        again = queue(to="somebody.else@example.org")
        assert again == first
        assert again.to == "reader@example.org"
        assert ProcrastinateJob.objects.filter(task_name="core.send_mail").count() == 1

    def test_a_mail_of_a_transaction_that_is_rolled_back_is_never_sent(self):
        with transaction.atomic():
            queue()
            transaction.set_rollback(True)
        assert not Mail.objects.exists()
        assert not ProcrastinateJob.objects.filter(task_name="core.send_mail").exists()

    def test_the_message_id_depends_on_the_key_alone(self):
        assert queue().message_id == mail.message_id("test:1")
        assert mail.message_id("test:1") != mail.message_id("test:2")

    def test_names_are_escaped_in_html_and_plain_in_text(self):
        written = mail.queue(
            key="test:names",
            to="reader@example.org",
            language="en",
            template="accounts/mail/unknown_account",
            context={"email": "o'<b>&co@example.org", "signup_url": "http://testserver/"},
        )
        assert "o'<b>&co@example.org" in written.text
        assert "<b>" not in written.html

    def test_a_line_break_cannot_add_a_header(self):
        written = mail.queue(
            key="test:header",
            to="reader@example.org",
            language="en",
            template="accounts/mail/login_code",
            context={"code": "1\r\nBcc: all@example.org"},
        )
        assert "\n" not in written.subject
        assert "\r" not in written.subject


@pytest.mark.django_db
class TestDeliver:
    def test_text_and_html_leave_together_under_the_stable_message_id(self):
        written = queue()
        assert mail.deliver(written.pk)
        (sent,) = django_mail.outbox
        assert sent.to == ["reader@example.org"]
        assert sent.message()["Message-ID"] == written.message_id
        assert [kind for _, kind in sent.alternatives] == ["text/html"]
        written.refresh_from_db()
        assert written.sent_at is not None

    def test_a_job_run_twice_sends_once(self):
        written = queue()
        send_mail(written.pk)
        send_mail(written.pk)
        assert len(django_mail.outbox) == 1

    def test_a_server_that_refuses_leaves_the_mail_to_be_sent(self, settings):
        written = queue()
        settings.EMAIL_BACKEND = "tests.core.test_mail.RefusingBackend"
        with pytest.raises(smtplib.SMTPServerDisconnected):
            mail.deliver(written.pk)
        written.refresh_from_db()
        assert written.sent_at is None

    def test_the_job_is_tried_again_later_and_later(self):
        strategy = send_mail.retry_strategy
        waits = [strategy.exponential_wait ** (attempt + 1) for attempt in range(strategy.max_attempts)]
        assert waits == sorted(waits)
        assert 600 < waits[-1] < 3600

    def test_a_mail_that_is_gone_is_no_error(self):
        assert not mail.deliver(0)


class RefusingBackend:
    """A mail server that closes the connection."""

    def __init__(self, **_: object) -> None: ...

    def send_messages(self, _messages: object) -> int:
        raise smtplib.SMTPServerDisconnected


@pytest.mark.django_db
class TestErasing:
    def test_bodies_are_emptied_after_ninety_days(self):
        old, young = queue("test:old"), queue("test:young")
        Mail.objects.filter(pk=old.pk).update(created_at=timezone.now() - datetime.timedelta(days=91))
        purge(timestamp=int(timezone.now().timestamp()))
        old.refresh_from_db()
        young.refresh_from_db()
        assert (old.text, old.html, old.subject, old.to) == ("", "", "", "")
        assert young.text

    def test_an_emptied_mail_is_not_sent(self):
        written = queue()
        assert mail.erase_address("READER@example.org") == 1
        assert not mail.deliver(written.pk)
        assert django_mail.outbox == []


# -- Links ------------------------------------------------------------------------------------------------------------

# What mail software makes a link of: a scheme, a domain (with the dots that browsers take for one), an address.
LINKS = [
    "GAGNEZ 1000 EUROS http://evil.example.fr/x?y=1", "www.evil.fr", "evil.com", "HTTPS://EVIL.FR", "a@evil.fr",
    "evil。com", "http://testserver.evil.fr", "mailto:a@evil.fr", "http://testserver/lieux/", "(evil.com)", "1.evil.fr",
]  # fmt: skip
LIKE_A_LINK = re.compile(r"[a-z]+:/|\w[.。]\w{2}|\S@\S", re.IGNORECASE)
ACTION = "https://totem.example.org/organisations/?a=1&b=2"


@pytest.mark.django_db
@pytest.mark.parametrize("name", LINKS)
def test_no_link_of_a_mail_comes_from_a_name(name, settings):
    settings.SITE_URL = "https://totem.example.org"
    context = {"subject_name": name, "by": name, "offer": name, "action_url": ACTION, "action_label": "Répondre"}
    written = mail.queue(
        key="test:links", to="reader@example.org", language="fr", template="accounts/mail/invited", context=context
    )
    assert f"\n{ACTION}\n" in written.text
    assert f'href="{escape(ACTION)}"' in written.html
    hrefs = set(re.findall(r'href="([^"]*)"', written.html))
    assert hrefs == {escape(ACTION), "https://totem.example.org/"}
    shown = re.sub(r"<[^>]*>", "", written.html)
    for text in (written.subject, written.text, shown):
        own = text.replace(ACTION, "").replace("https://totem.example.org", "")
        assert not LIKE_A_LINK.search(own), own


@pytest.mark.django_db
def test_the_readers_own_address_is_written_as_it_is():
    written = mail.queue(
        key="test:own", to="r.martin@example.org", language="fr", template="accounts/mail/account_already_exists",
        context={"email": "r.martin@example.org", "password_reset_url": "http://testserver/compte/"},
    )  # fmt: skip
    assert "r.martin@example.org." in written.text
    assert "r.martin@example.org" in written.html
    assert "\nhttp://testserver/compte/\n" in written.text


@pytest.mark.parametrize("name", ["http://x", "Lieu www.x.fr", "a@x.fr", "Gagnez sur x.fr/cadeau", "ftp://1.2.3.4"])
def test_a_name_holds_no_address(name):
    with pytest.raises(ValidationError):
        refuse_address(name)


@pytest.mark.parametrize(
    "name", ["Booking.com", "S.A.R.L. Dupont", "L’Étage 2.0", "M. Martin / Mme Roy", "R&D : 3 @ 4"]
)
def test_a_name_that_looks_like_no_address_is_taken(name):
    refuse_address(name)
