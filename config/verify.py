"""`totem verify`: seals, chains and digests computed again, and compared with what is kept."""

from totem.core import seals, verification


def report(digest: str = "") -> int:
    """Print one line for each thing that does not add up; returns 0 when all does, 1 otherwise.

    `digest`: that of a seal, kept outside the database, which has to be there still.
    """
    found = [*verification.problems(), *(_missing(digest) if digest else [])]
    for problem in found:
        print(f"WRONG  {problem}", flush=True)
    seal = seals.last()
    last = (
        f"last seal {seal.number}, of {seal.at:%Y-%m-%d %H:%M} UTC: {seal.digest}" if seal else "nothing is sealed yet"
    )
    print(f"{'Everything adds up' if not found else f'Wrong: {len(found)}'}; {last}.")
    return 1 if found else 0


def _missing(digest: str) -> list[str]:
    seal = seals.find(digest)
    if seal is None:
        return [f"No seal of the journal has the digest {digest}: it was changed since that digest was noted."]
    print(f"ok     Seal {seal.number} has this digest: entries {seal.first_id} to {seal.last_id}.")
    return []
