"""Ways in which a PHP, Yii2 and MySQL back end goes wrong, each a switch with parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.misbehaviours import empties, filtering, ids, moving, paging, scopes, totals

if TYPE_CHECKING:
    from simulator.misbehaviours.base import Misbehaviour

MISBEHAVIOURS: dict[str, type[Misbehaviour]] = (
    totals.KINDS
    | paging.KINDS
    | empties.KINDS
    | filtering.KINDS
    | scopes.KINDS
    | moving.KINDS
    | ids.KINDS
)
