"""An indicator that two charters name is one figure: it cannot be counted in two ways."""

from django.utils.translation import gettext as _

from totem.labels.charters.format import Charter, Indicator
from totem.labels.charters.parsing.positions import Positions
from totem.labels.charters.parsing.problems import Problem
from totem.labels.judging.evaluations import charter_of
from totem.labels.models import CharterVersion


def shared_otherwise(charter: Charter, text: str) -> list[Problem]:
    """The charter's own indicators that another published charter has in another unit, or combines otherwise."""
    theirs: dict[str, tuple[CharterVersion, Indicator]] = {}
    for version in CharterVersion.objects.exclude(slug=charter.slug).newest():
        theirs |= {indicator.name: (version, indicator) for indicator in charter_of(version).indicators}
    positions = Positions(text)
    problems = []
    for n, ours in enumerate(charter.indicators):
        if ours.name not in theirs:
            continue
        version, other = theirs[ours.name]
        if ours.measure and ours.measure == other.measure:
            continue  # its unit is the measure's, in both
        for key in ("measure", "unit", "combine"):
            if getattr(ours, key) != getattr(other, key):
                message = _("« {word} » has another « {key} » in {charter}: take another name, or the same.").format(
                    word=ours.name, key=key, charter=version
                )
                line, column = positions.value(("indicators", n, key))
                problems.append(Problem(line, column, ours.name, message))
    return problems
