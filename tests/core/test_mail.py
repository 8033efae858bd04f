"""The outbox: a mail is sent once, in its reader's language, and never when the transaction was rolled back."""

import datetime
import smtplib

import pytest
from django.core import mail as django_mail
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from totem.core import mail
from totem.core.jobs import purge, send_mail
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
