from __future__ import annotations

import itertools
from typing import Any

import pytest

from simulator import Account
from simulator.tables import SPECS
from simulator.tables.contact import LOGGED

REFERENCES = [
    ("customer", "branch_ids", "branch"),
    ("customer", "teacher_ids", "teacher"),
    ("customer", "study_status_id", "study-status"),
    ("customer", "lead_source_id", "lead-source"),
    ("customer", "assigned_id", "user"),
    ("customer", "pipeline_id", "pipeline"),
    ("branch", "subject_ids", "subject"),
    ("location", "branch_id", "branch"),
    ("room", "location_id", "location"),
    ("teacher", "branch_ids", "branch"),
    ("teacher/teacher-rate", "teacher_id", "teacher"),
    ("teacher/teacher-rate", "lesson_type_ids", "lesson-type"),
    ("teacher/working-hour", "teacher_id", "teacher"),
    ("teacher/working-hour", "location_id", "location"),
    ("group", "teacher_ids", "teacher"),
    ("cgi", "group_id", "group"),
    ("cgi", "customer_id", "customer"),
    ("regular-lesson", "subject_id", "subject"),
    ("regular-lesson", "teacher_ids", "teacher"),
    ("regular-lesson", "room_id", "room"),
    ("lesson", "lesson_type_id", "lesson-type"),
    ("lesson", "subject_id", "subject"),
    ("lesson", "room_id", "room"),
    ("lesson", "teacher_ids", "teacher"),
    ("lesson", "customer_ids", "customer"),
    ("lesson", "group_ids", "group"),
    ("lesson", "regular_id", "regular-lesson"),
    ("pay", "customer_id", "customer"),
    ("pay", "pay_account_id", "pay-account"),
    ("pay", "pay_item_id", "pay-item"),
    ("pay", "pay_item_category_id", "pay-item-category"),
    ("pay", "pay_type_id", "pay-type"),
    ("pay", "location_id", "location"),
    ("pay", "teacher_id", "teacher"),
    ("pay", "ctt_id", "customer-tariff"),
    ("pay", "group_ids", "group"),
    ("pay-account", "user_ids", "user"),
    ("pay-item", "category_id", "pay-item-category"),
    ("pay-item", "pay_type_ids", "pay-type"),
    ("tariff", "branch_ids", "branch"),
    ("customer-tariff", "customer_id", "customer"),
    ("customer-tariff", "tariff_id", "tariff"),
    ("discount", "customer_id", "customer"),
    ("task", "customer_ids", "customer"),
    ("task", "group_ids", "group"),
    ("task", "assigned_ids", "user"),
    ("communication", "user_id", "user"),
    ("sms-message", "user_id", "user"),
]


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.build(lessons=300, pays=300, logs=200, communications=100)


def ids(account: Account, entity: str) -> set[int]:
    return {row["id"] for row in account.rows(entity)}


def branches(row: dict[str, Any]) -> set[int]:
    return set(row["branch_ids"]) if "branch_ids" in row else {row["branch_id"]}


@pytest.mark.parametrize(("entity", "field", "other"), REFERENCES)
def test_what_a_row_refers_to_exists(account: Account, entity: str, field: str, other: str) -> None:
    found = [row[field] for row in account.rows(entity) if row[field] is not None]
    flat = set(itertools.chain.from_iterable(v if isinstance(v, list) else [v] for v in found))
    assert flat
    assert flat <= ids(account, other)


def test_what_is_named_by_class_exists(account: Account) -> None:
    kinds = set()
    for row in account.rows("communication"):
        assert row["related_id"] in ids(account, LOGGED[row["class"]])
        kinds.add(row["class"])
    assert kinds == {"Customer", "Group", "Task"}
    for row in account.rows("log"):
        assert row["entity_id"] in ids(account, LOGGED[row["entity"]])
    classes = {"Group": "group", "Customer": "customer"}
    for row in account.rows("regular-lesson"):
        assert row["related_id"] in ids(account, classes[row["related_class"]])


def test_attendance_belongs_to_its_lesson(account: Account) -> None:
    lessons = account.rows("lesson")
    tariffs = {row["id"]: row["customer_id"] for row in account.rows("customer-tariff")}
    details = [(lesson, detail) for lesson in lessons for detail in lesson["details"]]
    for lesson, detail in details:
        assert detail["lesson_id"] == lesson["id"]
        assert detail["customer_id"] in lesson["customer_ids"]
        if (detail["ctt_id"] or 0) > 0:
            assert tariffs[detail["ctt_id"]] == detail["customer_id"]
    assert len({detail["id"] for _, detail in details}) == len(details)
    assert {lesson["status"] for lesson, _ in details} == {3}
    assert {lesson["status"] for lesson in lessons} == {1, 2, 3}
    assert any(detail["ctt_id"] in {0, -1} for _, detail in details)
    assert any("," in (detail["grade"] or "") for _, detail in details)


def test_a_lesson_and_a_payment_stay_in_their_branch(account: Account) -> None:
    by_id = {
        entity: {row["id"]: row for row in account.rows(entity)}
        for entity in ("room", "teacher", "group", "customer", "pay-account", "location")
    }
    fields = {
        "lesson": [("room_id", "room"), ("teacher_ids", "teacher"), ("group_ids", "group")],
        "pay": [("pay_account_id", "pay-account"), ("location_id", "location")],
    }
    fields["lesson"].append(("customer_ids", "customer"))
    fields["pay"].append(("customer_id", "customer"))
    for entity, references in fields.items():
        for row in account.rows(entity):
            for field, other in references:
                value = row[field] or []
                for id_ in value if isinstance(value, list) else [value]:
                    assert row["branch_id"] in branches(by_id[other][id_])


def test_every_entity_has_rows_with_ids_of_their_own(account: Account) -> None:
    for entity in SPECS:
        rows = account.rows(entity)
        assert rows, entity
        assert len({row["id"] for row in rows}) == len(rows)


def test_an_empty_school_has_no_lessons() -> None:
    account = Account.build(
        **dict.fromkeys(("leads", "clients", "archived_leads", "archived_clients"), 0),
        teachers=0,
        groups=0,
    )
    for entity in ("lesson", "cgi", "regular-lesson", "customer-tariff", "discount"):
        assert account.rows(entity) == []
    assert {row["customer_id"] for row in account.rows("pay")} == {None}
    with pytest.raises(LookupError, match="lesson"):
        account.insert("lesson")


def test_tables_do_not_depend_on_the_order_of_requests() -> None:
    one, other = Account.build(seed=3), Account.build(seed=3)
    forwards = {entity: one.rows(entity) for entity in SPECS}
    assert forwards == {entity: other.rows(entity) for entity in reversed(SPECS)}
    assert forwards["pay"] != Account.build(seed=4).rows("pay")


def test_the_demo_account_has_the_volume_of_a_real_one() -> None:
    demo = Account.demo()
    sizes = {"group": 286, "teacher": 131, "lesson": 7_448, "pay": 18_700, "log": 6_000}
    assert {entity: len(demo.rows(entity)) for entity in sizes} == sizes
    attendance = sum(len(row["details"]) for row in demo.rows("lesson"))
    assert attendance == pytest.approx(22_452, rel=0.05)
