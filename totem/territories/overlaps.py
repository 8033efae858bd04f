"""Which communes belong to a drawn or uploaded area: by the share of their surface that lies in it.

Limits drawn twice never agree: of the communes of a region or of a grouping, as other publishers draw it, nearly all
lie in it by more than BELONGS, and of its neighbours nearly all by less than BESIDE (`tests/data/test_overlaps.py`, on
official outlines). What is between is cut by the edge: a person says what counts of it (`models.CutRule`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from totem.core.wording import percent
from totem.territories.models import CutRule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

BELONGS = 0.9  # of its surface: the commune is counted whole
BESIDE = 0.1  # of its surface: below, it is a neighbour, unless what lies there is more than PIECE of the area
PIECE = 0.02
MAJORITY = 0.5
LEAST_UNKNOWN = 0.01  # of the area: outlines that were simplified leave less between them


@dataclass(frozen=True)
class Overlap:
    """The communes that meet an area, as codes in order; `shares` are those of their surface that lie in it.

    `whole` belong to it, `cut` are cut by its edge, the others lie beside it. `unknown` is the share of the area that
    lies in no commune with an outline: at sea, abroad, or where outlines are missing.
    """

    shares: Mapping[str, float]
    whole: tuple[str, ...]
    cut: tuple[str, ...]
    unknown: float

    @property
    def beside(self) -> tuple[str, ...]:
        """The neighbours that the area meets, which are not counted."""
        return tuple(code for code in self.shares if code not in self.whole and code not in self.cut)

    def counted(self, rule: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The communes that count whole under the rule, and those of which what stands in the area counts."""
        if rule == CutRule.INSIDE:
            return self.whole, self.cut
        least = {CutRule.MAJORITY: MAJORITY, CutRule.WHOLE: 0.0, CutRule.NONE: 2.0}[CutRule(rule)]
        return tuple(sorted((*self.whole, *(code for code in self.cut if self.shares[code] >= least)))), ()


def _rule_words() -> str:
    words = _(
        "A commune counts whole when at least %(belongs)s of its surface lies in the area, and not at all under "
        "%(beside)s (unless that is more than %(piece)s of the area). Those between are cut by the edge."
    )
    return words % {"belongs": percent(BELONGS), "beside": percent(BESIDE), "piece": percent(PIECE)}


RULE_WORDS = lazy(_rule_words, str)()

_NEAR = """
SELECT code, shape FROM territories_outline
 WHERE level = 'commune' AND box(point(west, south), point(east, north)) && box(point(%s, %s), point(%s, %s))
 ORDER BY code
"""


def shape_code(polygon: "BaseGeometry") -> str:
    """Sixteen characters of the digest of a polygon's content, however it is written."""
    return hashlib.sha256(polygon.normalize().wkb).hexdigest()[:16]


def overlap_of(polygon: "BaseGeometry") -> Overlap:
    """The communes that a valid polygon (WGS 84 degrees) meets; touching its border alone does not count."""
    import shapely  # noqa: PLC0415 - only where shapes are

    with connection.cursor() as cursor:
        cursor.execute(_NEAR, polygon.bounds)
        rows = cursor.fetchall()
    return overlap_with(
        polygon, [code for code, _shape in rows], shapely.from_wkb([bytes(shape) for _c, shape in rows])
    )


def overlap_with(polygon: "BaseGeometry", codes: Sequence[str], outlines: "NDArray[np.object_]") -> Overlap:
    """The overlap of a polygon with these communes. Shares are of areas in square degrees, which is right to 0.1 %."""
    import numpy as np  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    shapely.prepare(polygon)
    inside = shapely.covers(polygon, outlines)
    met = shapely.intersects(polygon, outlines) & ~inside
    areas = shapely.area(outlines)
    pieces = np.where(inside, areas, 0.0)
    pieces[met] = shapely.area(shapely.intersection(polygon, outlines[met]))
    shares = dict(zip(codes, np.divide(pieces, areas, out=np.zeros_like(pieces), where=areas > 0), strict=True))
    of_area = dict(zip(codes, pieces / polygon.area, strict=True))
    meeting = {code: float(share) for code, share in shares.items() if share > 0}
    whole = tuple(code for code, share in meeting.items() if share >= BELONGS)
    others = tuple(code for code in meeting if code not in frozenset(whole))
    cut = tuple(code for code in others if meeting[code] >= BESIDE or of_area[code] >= PIECE)
    unknown = max(0.0, 1 - float(pieces.sum()) / polygon.area)
    return Overlap(meeting, whole, cut or (() if whole else others), unknown)
