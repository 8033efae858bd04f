"""Chains: one line a key, whoever appends at the same time; what was changed behind the triggers is found."""

from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from tests.concurrency import outcomes_at_once
from totem.core import chain, roles
from totem.core.models import ChainHead, ChainLink


@pytest.mark.django_db
def test_each_link_follows_the_last_of_its_key() -> None:
    first, other, second = chain.append("a", {"b": 1}), chain.append("b", [1]), chain.append("a", {"b": 2})
    assert (first.number, second.number, other.number) == (1, 2, 1)
    assert second.previous == first.digest
    assert first.content == '{"b":1}'
    assert [*chain.verify("a"), *chain.verify("b"), *chain.problems()] == []
    with pytest.raises(IntegrityError), transaction.atomic():
        ChainLink.objects.create(key="a", number=3, content="1", previous=first.digest, digest="x")


def test_many_who_append_to_one_key_make_one_line(committed_db: str) -> None:
    def append(author: int) -> None:
        for number in range(10):
            chain.append("payments", {"author": author, "number": number})

    assert outcomes_at_once(*[partial(append, author) for author in range(6)]) == {"done": 6}
    assert list(ChainLink.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 61))
    assert ChainHead.objects.get().length == 60
    assert chain.verify("payments") == []


TAMPERED = {
    "UPDATE core_chainlink SET content = '2' WHERE number = 2": "Link 2 of chain a was changed",
    "DELETE FROM core_chainlink WHERE number = 2": "Link 3 of chain a does not follow link 1",
    "DELETE FROM core_chainlink WHERE number = 3": "The head of chain a is not its last link (2)",
    "DELETE FROM core_chainhead": "The head of chain a is not its last link (3)",
}


def test_what_was_changed_behind_the_triggers_is_found(committed_db: str) -> None:
    for number in range(3):
        chain.append("a", number)
    with roles.as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_chainlink DISABLE TRIGGER USER; GRANT ALL ON core_chainlink TO CURRENT_USER")
        for statement, found in TAMPERED.items():
            with transaction.atomic():
                cursor.execute(statement)
                assert found in " ".join(chain.problems())
                transaction.set_rollback(True)
