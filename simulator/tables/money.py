"""Payments, payment items and tariffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.cards import NOW, local
from simulator.records import Record
from simulator.tables.kit import DAY, Spec, dotted

if TYPE_CHECKING:
    from simulator.tables.kit import Kit

_INCOME, _REFUND, _EXPENSE, _SALARY = 1, 5, 7, 8
_TYPES = {_INCOME: "Доход", _REFUND: "Возврат", _EXPENSE: "Расход", _SALARY: "Выплата зарплаты"}


def _pay_type(_kit: Kit, id_: int, _at: int) -> Record:
    return Record({"id": id_, "name": _TYPES.get(id_, f"Тип {id_}")})


def _pay_account(kit: Kit, id_: int, _at: int) -> Record:
    return Record(
        {
            "id": id_,
            "branch_id": kit.in_turn("branch", id_),
            "name": f"Рахунок {id_}",
            "user_ids": kit.some(kit.ids("user"), kit.below(3)),
            "is_enabled": int(kit.odds(85)),
            "weight": id_,
        }
    )


def _pay_item_category(kit: Kit, id_: int, _at: int) -> Record:
    return Record({"id": id_, "name": f"Категорія: {kit.word()}", "weight": 9 - id_})


def _pay_item(kit: Kit, id_: int, _at: int) -> Record:
    type_ = kit.in_turn("pay-type", id_)
    # The first ones belong to every branch, so that each payment has a matching one.
    everywhere = id_ <= len(_TYPES)
    branches = kit.ids("branch")
    return Record(
        {
            "id": id_,
            "branch_ids": list(branches) if everywhere else kit.some(branches, 1 + kit.below(2)),
            "category_id": kit.pick(kit.ids("pay-item-category")),
            "pay_type_ids": [type_],
            "name": f"Стаття {id_}: {kit.word()}",
            "weight": id_,
        }
    )


def _tariff(kit: Kit, id_: int, at: int) -> Record:
    lessons = kit.pick((1, 4, 8, 12, 20))
    archived = id_ % 4 == 0 and not kit.fresh
    return Record(
        {
            "id": id_,
            "type": 1 + kit.below(3),
            "name": f"Абонемент {lessons}",
            "price": f"{lessons * (200 + kit.below(40) * 10)}.00",
            "lessons_count": lessons,
            "duration": kit.pick((45, 60, 90)),
            "added": local(at),
            "branch_ids": kit.some(kit.ids("branch"), 1 + kit.below(3)),
            "is_archive": int(archived),
            "subject_ids": kit.some(kit.ids("subject"), kit.below(2)),
        },
        archived,
    )


def _customer_tariff(kit: Kit, id_: int, at: int) -> Record | None:
    if not kit.clients():
        return None
    dead = kit.odds(45) and not kit.fresh
    end = at + kit.below(max(NOW - at, 1)) if dead else NOW + kit.below(200) * DAY
    left = 0 if dead else kit.below(20) - 2
    return Record(
        {
            "id": id_,
            "customer_id": kit.pick(kit.clients()),
            "tariff_id": kit.pick(kit.ids("tariff")),
            "subject_ids": kit.some(kit.ids("subject"), 1 + kit.below(2)),
            "lesson_type_ids": kit.some(kit.ids("lesson-type"), 1),
            "is_separate_balance": int(kit.odds(30)),
            "balance": kit.money(3_000),
            "paid_count": left,
            "paid_till": f"{local(end)[:10]} 12:00:00" if kit.odds(60) else None,
            "note": kit.note(),
            "b_date": dotted(at),
            "e_date": dotted(end),
            "paid_lesson_count": left,
            "is_archive": int(dead),
            **kit.stamps(at),
        },
        dead,
    )


def _discount(kit: Kit, id_: int, at: int) -> Record | None:
    if not kit.clients():
        return None
    customer = kit.pick(kit.clients())
    return Record(
        {
            "id": id_,
            "branch_id": kit.branch("customer", customer),
            "customer_id": customer,
            "discount_type": 1 + kit.below(2),
            "amount": 5 * (1 + kit.below(10)),
            "note": kit.note(),
            "subject_ids": kit.some(kit.ids("subject"), kit.below(2)),
            "lesson_type_ids": kit.some(kit.ids("lesson-type"), kit.below(2)),
            "begin": dotted(at),
            "end": dotted(at + 365 * DAY),
        }
    )


def _pay(kit: Kit, id_: int, at: int) -> Record:
    type_ = kit.pick((_REFUND, _EXPENSE, _SALARY)) if id_ % 8 == 0 else _INCOME
    paid = at if kit.fresh else at - kit.pick((0, 0, 0, 1, 5)) * DAY
    teachers = kit.ids("teacher")
    customer = kit.client_of(paid) if type_ in (_INCOME, _REFUND) else None
    teacher = kit.pick(teachers) if teachers and type_ == _SALARY else None
    if customer is not None:
        branch = kit.branch("customer", customer)
    elif teacher is not None:
        branch = kit.branch("teacher", teacher)
    else:
        branch = kit.pick(kit.ids("branch"))
    subscriptions = kit.children("customer-tariff", "customer_id").get(customer, [])
    groups = [row["group_id"] for row in kit.children("cgi", "customer_id").get(customer, [])]
    items = [id_ for id_ in kit.here("pay-item", branch) if _item_fits(kit, id_, type_)]
    item = None if type_ == _REFUND or not items else kit.pick(items)
    locations = kit.here("location", branch)
    accounts = kit.here("pay-account", branch)
    return Record(
        {
            "id": id_,
            "branch_id": branch,
            "location_id": kit.pick(locations) if locations and kit.odds(20) else None,
            "customer_id": customer,
            "pay_type_id": type_,
            "pay_type_name": _TYPES[type_],
            "pay_account_id": kit.pick(accounts) if accounts else None,
            "pay_item_id": item,
            "pay_item_category_id": kit.values("pay-item", item)["category_id"] if item else None,
            "teacher_id": teacher,
            "employee_id": None,
            "commodity_id": None,
            "ctt_id": kit.pick(subscriptions)["id"] if subscriptions and kit.odds(60) else None,
            "group_id": None,
            "group_ids": groups[:1],
            "document_date": dotted(paid),
            "income": kit.money(9_000),
            "payer_name": kit.name() if customer and kit.odds(50) else None,
            "note": kit.note(),
            "is_confirmed": int(kit.odds(95)),
            "is_fiscal": int(kit.odds(10)),
            "custom_md_order": None,
            "custom_order_description": None,
            **kit.stamps(at),
        }
    )


def _item_fits(kit: Kit, item: int, type_: int) -> bool:
    return type_ in kit.values("pay-item", item)["pay_type_ids"]


SPECS = {
    "pay-type": Spec(_pay_type, lambda _: len(_TYPES), ids=tuple(_TYPES)),
    "pay-account": Spec(_pay_account, lambda sizes: sizes.branches + 1),
    "pay-item-category": Spec(_pay_item_category, lambda _: 3),
    "pay-item": Spec(_pay_item, lambda _: 10),
    "tariff": Spec(_tariff, lambda _: 11, first=381),
    "customer-tariff": Spec(_customer_tariff, lambda sizes: sizes.customer_tariffs, gaps=True),
    "discount": Spec(_discount, lambda sizes: sizes.customer_tariffs // 8),
    "pay": Spec(_pay, lambda sizes: sizes.pays, first=1_001, gaps=True),
}
