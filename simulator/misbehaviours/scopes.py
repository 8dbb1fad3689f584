"""Branches and parents that do not select the rows that they should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from simulator.filters import as_int
from simulator.misbehaviours.base import ALL_BRANCHES, Misbehaviour, share_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from simulator.misbehaviours.base import Call, Query
    from simulator.records import Record

_OF_CARDS = {"customer-tariff": "customer_id", "communication": "related_id"}
"""The field that names the card to which a row belongs."""


def _names_no_branch(branch: int | None) -> bool:
    return branch is None or branch == ALL_BRANCHES


@dataclass(kw_only=True)
class BranchIgnored(Misbehaviour):
    """A list of a branch has rows of the other branches as well."""

    share: float = 1.0
    """Share of the other branches' rows that come, always the same ones."""

    @override
    def ask(self, call: Call, query: Query) -> None:
        scope, branch = query.entity.scope, query.branch
        if scope is None or branch is None or branch == ALL_BRANCHES:
            return
        query.branch = None
        query.keeps.append(
            lambda row: scope(row, branch, query.tables) or share_of(row.values["id"]) < self.share
        )


@dataclass(kw_only=True)
class BranchesLimited(Misbehaviour):
    """A path without a branch, or with branch 0, has the rows of some branches only."""

    branches: Collection[int] = (1,)

    @override
    def ask(self, call: Call, query: Query) -> None:
        scope = query.entity.scope
        if scope is not None and _names_no_branch(query.branch):
            query.keeps.append(
                lambda row: any(scope(row, branch, query.tables) for branch in self.branches)
            )


@dataclass(kw_only=True)
class ChildrenByBranch(Misbehaviour):
    """What belongs to a card of several branches is divided among their paths.

    Each subscription and each comment is listed under one branch of its card, a calendar has
    the lessons of the branch, and a bonus balance is 0 except under the card's first branch.
    """

    @override
    def ask(self, call: Call, query: Query) -> None:
        name, branch = _OF_CARDS.get(query.entity.path), query.branch
        if name is None or _names_no_branch(branch):
            return
        cards = query.tables["customer"]

        def keep(row: Record) -> bool:
            card = cards.get(row.values[name])
            if card is None or row.values.get("class", "Customer") != "Customer":
                return True
            branches = card.values["branch_ids"]
            return bool(branches[row.values["id"] % len(branches)] == branch)

        query.keeps.append(keep)

    @override
    def show_object(self, call: Call, payload: object) -> object:
        branch, tables = call.request.branch, call.tables
        if _names_no_branch(branch):
            return payload
        if isinstance(payload, list):
            found = [
                row
                for row in payload
                if tables["lesson"][as_int(row["id"]) or 0].values["branch_id"] == branch
            ]
            call.request.ids = [row["id"] for row in found]
            return found
        card = tables["customer"][int(call.request.query["customer_id"])]
        return payload if card.values["branch_ids"][0] == branch else {"balance_bonus": 0}


@dataclass(kw_only=True)
class ParentIgnored(Misbehaviour):
    """A list of one parent has the rows of all parents."""

    @override
    def ask(self, call: Call, query: Query) -> None:
        query.params.clear()


KINDS: dict[str, type[Misbehaviour]] = {
    "branch_ignored": BranchIgnored,
    "branches_limited": BranchesLimited,
    "children_by_branch": ChildrenByBranch,
    "parent_ignored": ParentIgnored,
}
