"""Rows whose id identifies nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import override

from simulator.filters import as_int
from simulator.misbehaviours.base import Misbehaviour, share_of

if TYPE_CHECKING:
    from simulator.misbehaviours.base import Call

    Kind = Literal[
        "missing", "null", "blank", "zero", "negative", "text", "word", "repeated", "huge"
    ]
_BEYOND = 2**64


@dataclass(kw_only=True)
class OddIds(Misbehaviour):
    """Some rows, always the same ones, have no id or another one.

    Kinds:
        missing, null, blank, zero: no id.
        negative, huge: the id with a minus, the id plus 2**64.
        text: the id as a text of digits.
        word: the id in a text that is no number.
        repeated: the id of the row before, on the same page, with other content.
    """

    kind: Kind = "missing"
    share: float = 0.2
    """Share of the rows."""

    @override
    def show(self, call: Call, envelope: dict[str, Any]) -> None:
        items = envelope["items"]
        rows = list(items.values()) if isinstance(items, dict) else items
        changed = [
            self._with_odd_id(row, rows[max(number - 1, 0)].get("id"))
            for number, row in enumerate(rows)
        ]
        is_keyed = isinstance(items, dict)
        envelope["items"] = dict(zip(items, changed, strict=True)) if is_keyed else changed

    def _with_odd_id(self, row: dict[str, Any], before: object) -> dict[str, Any]:
        id_ = as_int(row.get("id"))
        if id_ is None or share_of(id_) >= self.share:
            return row
        if self.kind == "missing":
            return {name: value for name, value in row.items() if name != "id"}
        odd = {
            "null": None,
            "blank": "",
            "zero": 0,
            "negative": -id_,
            "text": str(id_),
            "word": f"A-{id_}",
            "repeated": before,
            "huge": id_ + _BEYOND,
        }
        return {**row, "id": odd[self.kind]}


KINDS: dict[str, type[Misbehaviour]] = {"odd_ids": OddIds}
