"""Rows deleted with what belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.movement.kit import NothingToMoveError, details_in
from simulator.tables import SPECS

if TYPE_CHECKING:
    from simulator.account import Account

_CHILDREN = {
    "group": {"cgi": "group_id"},
    "customer": {
        "cgi": "customer_id",
        "customer-tariff": "customer_id",
        "discount": "customer_id",
    },
}
"""Lists whose rows belong to one row, and the field that names it."""
_RELATED = {"communication": "class", "regular-lesson": "related_class"}
"""Lists whose rows belong to a row of a class, and the field that names the class."""
_REFERENCES = {
    "customer": {"pay": "customer_id"},
    "customer-tariff": {"pay": "ctt_id"},
    "regular-lesson": {"lesson": "regular_id"},
}
"""Lists whose rows can do without the row that a field of theirs names."""
_LISTS = {"group": ("lesson", "pay", "task"), "customer": ("lesson", "task")}
"""Lists whose rows name several rows in a field `*_ids`."""


def delete(account: Account, entity: str, id_: int) -> None:
    """Delete a row; what refers to it goes with it, or refers to it no longer."""
    with account.lock:
        if entity == "branch":
            _vacate(account, id_)
        children: list[tuple[str, dict[str, object]]] = [
            (child, {field: id_}) for child, field in _CHILDREN.get(entity, {}).items()
        ]
        children += [
            (child, {field: entity.capitalize(), "related_id": id_})
            for child, field in _RELATED.items()
        ]
        for child, reference in children:
            for key in _having(account, child, reference):
                delete(account, child, key)
        for child, field in _REFERENCES.get(entity, {}).items():
            for key in _having(account, child, {field: id_}):
                account.update(child, key, **{field: None})
        for child in _LISTS.get(entity, ()):
            for key in list(account.tables[child]):
                _take_out(account, child, key, entity, id_)
        account.delete(entity, id_)


def _having(account: Account, entity: str, fields: dict[str, object]) -> list[int]:
    return [
        id_
        for id_, record in account.tables[entity].items()
        if all(record.values[name] == value for name, value in fields.items())
    ]


def _take_out(account: Account, child: str, key: int, entity: str, id_: int) -> None:
    """Take a row out of the ones that another row names."""
    values, field = account.tables[child][key].values, f"{entity}_ids"
    if id_ not in values[field]:
        return
    fields = {field: [one for one in values[field] if one != id_]}
    if child == "lesson" and entity == "customer":
        fields["details"] = [one for one in values["details"] if one["customer_id"] != id_]
    account.update(child, key, **fields)


def _vacate(account: Account, branch: int) -> None:
    """Move everything out of a branch."""
    others = [id_ for id_ in account.tables["branch"] if id_ != branch]
    if not others:
        message = "no other branch"
        raise NothingToMoveError(message)
    for entity in (*SPECS, "customer"):
        for id_, record in account.tables[entity].items():
            if record.branch == branch:
                record.branch = others[0]
            if record.values.get("branch_id") == branch:
                details = details_in(record.values, others[0])
                account.update(entity, id_, branch_id=others[0], **details)
            if branch in record.values.get("branch_ids", ()):
                rest = [one for one in record.values["branch_ids"] if one != branch]
                account.update(entity, id_, branch_ids=rest or others[:1])
