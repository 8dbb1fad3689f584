"""Payments, payment items and tariffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import filters as f
from simulator.entities.entity import Entity, by_id, by_weight, in_branch, in_branches

if TYPE_CHECKING:
    from simulator.entities.entity import Body
    from simulator.records import Record


def _latest_document_first(rows: list[Record], _: Body) -> None:
    rows.sort(
        key=lambda record: (
            f.iso_of_dotted(record.values["document_date"]) or "",
            record.values["id"],
        ),
        reverse=True,
    )


ENTITIES = (
    Entity(
        path="pay",
        filters={
            **f.exact("id", "location_id", "customer_id", "pay_type_id", "pay_item_id"),
            **f.exact("employee_id", "pay_item_category_id", "pay_account_id", "commodity_id"),
            **f.exact("is_confirmed", "is_fiscal"),
            **f.texts("payer_name", "note"),
            "group_ids": f.overlaps("group_ids"),
            "date_from": f.since_any_date("document_date"),
            "date_to": f.until_any_date("document_date"),
            "sum_from": f.at_least("income"),
            "sum_to": f.at_most("income"),
            **f.days("updated_at", "created_at"),
        },
        sort=_latest_document_first,
        scope=in_branch,
        branchless=False,
    ),
    Entity(path="pay-account", sort=by_weight, scope=in_branch, branchless=False),
    Entity(path="pay-item", sort=by_weight, scope=in_branches, branchless=False),
    Entity(path="pay-item-category", sort=by_weight, branchless=False),
    Entity(path="pay-type", sort=by_id, branchless=False),
    Entity(
        path="tariff",
        filters={
            **f.exact("type", "is_archive", "lessons_count"),
            **f.texts("name"),
            "price_from": f.at_least("price"),
            "price_to": f.at_most("price"),
        },
        sort=by_id,
        scope=in_branches,
    ),
    Entity(
        path="customer-tariff",
        filters={**f.exact("id", "tariff_id", "is_separate_balance"), "dead": f.dead},
        sort=by_id,
        defaults={"dead": False},
        branchless=False,
        url_params=("customer_id",),
    ),
    Entity(path="discount", filters=f.exact("customer_id"), sort=by_id, scope=in_branch),
)
