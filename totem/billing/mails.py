"""Mails that bring an invoice to its customer, with its PDF."""

from django.conf import settings

from totem.billing.models import DocumentKind, IssuedDocument
from totem.core import mail
from totem.core.models import Mail
from totem.hubs.mails import sender_of


def write_document(document: IssuedDocument) -> Mail | None:
    """Queue the mail of an issued document once its PDF is drawn; None where its customer has no address of e-mail.

    In the language of the customer's account, else in French. Asked again, it is not sent twice.
    """
    customer = document.customer
    if not customer.email:
        return None
    return mail.queue(
        key=f"billing.document:{document.pk}",
        to=customer.email,
        language=customer.person.language if customer.person else settings.LANGUAGE_CODE,
        template="billing/mail/document",
        sender=sender_of(document.hub),
        attached=(f"{document.reference}.pdf", document.file.stored),
        context={
            "document": document,
            "kind": DocumentKind(document.kind).label,
            "hub": document.hub.name,
        },
    )
