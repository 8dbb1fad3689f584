"""Payments, payment items and tariffs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.cards import local
from simulator.records import Record
from simulator.school import NOW, SINGLE_LESSON
from simulator.tables.kit import DAY, Spec, dotted, iso

if TYPE_CHECKING:
    from simulator.tables.kit import Kit

_INCOME, _REFUND, _EXPENSE, _SALARY = 1, 5, 7, 8
_CATEGORIES = ("Навчання", "Утримання школи", "Персонал")
_ITEMS = {
    _INCOME: ("Абонементи", "Разові заняття", "Літній табір"),
    _REFUND: ("Повернення за абонемент", "Повернення за табір", "Інші повернення"),
    _EXPENSE: ("Оренда", "Реклама", "Інструменти"),
    _SALARY: ("Зарплата викладачів", "Премії", "Заміни"),
}
_CATEGORY = {_INCOME: 0, _REFUND: 0, _EXPENSE: 1, _SALARY: 2}
_LESSON_COUNTS = {1: 450, 4: 390, 8: 350, 12: 320, 20: 290}
"""Price of one lesson, by the number of lessons that are bought together."""
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


def _pay_item_category(_kit: Kit, id_: int, _at: int) -> Record:
    return Record({"id": id_, "name": _CATEGORIES[(id_ - 1) % len(_CATEGORIES)], "weight": 9 - id_})


def _pay_item(kit: Kit, id_: int, _at: int) -> Record:
    types = list(_TYPES)  # an account can have more, which no item is for
    type_ = types[id_ % len(types)]
    # The first ones belong to every branch, so that each payment has a matching one.
    everywhere = id_ <= len(_TYPES)
    branches = kit.ids("branch")
    return Record(
        {
            "id": id_,
            "branch_ids": list(branches) if everywhere else kit.some(branches, 1 + kit.below(2)),
            "category_id": kit.in_turn("pay-item-category", _CATEGORY[type_]),
            "pay_type_ids": [type_],
            "name": _ITEMS[type_][(id_ - 1) // len(_TYPES) % 3],
            "weight": id_,
        }
    )


def _tariff(kit: Kit, id_: int, at: int) -> Record:
    counts = list(_LESSON_COUNTS)
    lessons = counts[id_ % len(counts)]
    archived = id_ % 4 == 0 and not kit.fresh
    return Record(
        {
            "id": id_,
            "type": 1 + kit.below(3),
            "name": "Разове заняття" if lessons == 1 else f"Абонемент: {lessons}",
            "price": f"{lessons * (_LESSON_COUNTS[lessons] + 10 * kit.below(4))}.00",
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
    customer = kit.client_of(at) or kit.pick(kit.clients())
    gone = kit.tables["customer"][customer].archived
    dead = (gone or kit.odds(30)) and not kit.fresh
    end = at + kit.below(max(NOW - at, 1)) if dead else NOW + kit.below(200) * DAY
    here = kit.here("tariff", kit.branch("customer", customer)) or kit.ids("tariff")
    tariff = kit.pick(here)
    left = 0 if dead else kit.below(kit.values("tariff", tariff)["lessons_count"] + 1)
    return Record(
        {
            "id": id_,
            "customer_id": customer,
            "tariff_id": tariff,
            "subject_ids": kit.some(kit.ids("subject"), 1 + kit.below(2)),
            "lesson_type_ids": kit.some(kit.ids("lesson-type"), 1),
            "is_separate_balance": int(kit.odds(30)),
            "balance": f"{left * kit.price_of({'tariff_id': tariff}):.2f}",
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
    subscription = kit.subscription(customer, iso(paid)) if customer else None
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
            "ctt_id": subscription["id"] if subscription and kit.odds(60) else None,
            "group_id": None,
            "group_ids": groups[:1],
            "document_date": dotted(paid),
            "income": f"{_amount(kit, type_, subscription):.2f}",
            "payer_name": kit.name() if customer and kit.odds(50) else None,
            "note": kit.note(),
            "is_confirmed": int(kit.odds(95)),
            "is_fiscal": int(kit.odds(10)),
            "custom_md_order": None,
            "custom_order_description": None,
            **kit.stamps(at),
        }
    )


def _amount(kit: Kit, type_: int, subscription: dict[str, Any] | None) -> float:
    if type_ == _SALARY:
        return 6_000 + 250 * kit.below(40)
    if type_ == _EXPENSE:
        return kit.pick((18_000, 18_000, 4_500, 2_200)) + 50 * kit.below(40)
    if subscription is None:
        return SINGLE_LESSON * kit.pick((1, 1, 2, 4))
    if type_ == _REFUND:
        return kit.price_of(subscription) * (1 + kit.below(3))
    price = float(kit.values("tariff", subscription["tariff_id"])["price"])
    return price / 2 if kit.odds(8) else price


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
