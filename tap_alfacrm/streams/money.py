"""Payments, subscriptions and prices."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_alfacrm.extract.incremental import DOTTED, IncrementalFilter
from tap_alfacrm.records.page import parse_object
from tap_alfacrm.streams.base import AlfaCRMStream
from tap_alfacrm.streams.child import ChildStream, Parent

if TYPE_CHECKING:
    from tap_alfacrm.records.page import Parser


class PaysStream(AlfaCRMStream):
    """Payments: income, refunds, expenses and salaries."""

    name = "pays"
    entity = "pay"
    needs_branch = True
    moves_between_branches = True
    incremental_filter = IncrementalFilter("updated_at", "updated_at_from", DOTTED)


class PayAccountsStream(AlfaCRMStream):
    """Cash desks and bank accounts."""

    name = "pay_accounts"
    entity = "pay-account"
    needs_branch = True


class PayItemsStream(AlfaCRMStream):
    """What payments are for."""

    name = "pay_items"
    entity = "pay-item"
    needs_branch = True


class PayItemCategoriesStream(AlfaCRMStream):
    """Categories of what payments are for."""

    name = "pay_item_categories"
    entity = "pay-item-category"
    needs_branch = True


class PayTypesStream(AlfaCRMStream):
    """Kinds of payments."""

    name = "pay_types"
    entity = "pay-type"
    needs_branch = True


class TariffsStream(AlfaCRMStream):
    """Subscriptions that the school sells."""

    name = "tariffs"
    entity = "tariff"
    counts_by_branch = True


class CustomerTariffsStream(ChildStream):
    """Subscriptions that customers bought, live and archived (`dead`)."""

    name = "customer_tariffs"
    entity = "customer-tariff"
    parents = (Parent("customers", "customer_id", field="customer_id"),)
    variants = ({}, {"dead": True})
    variant_constants = ({"is_archived": False}, {"is_archived": True})
    display_fallbacks = ("b_date", "e_date")


class CustomerBonusBalancesStream(ChildStream):
    """Bonus points of each customer."""

    name = "customer_bonus_balances"
    entity = "bonus"
    actions = ("/balance-bonus",)
    primary_keys = ("customer_id",)
    parents = (Parent("customers", "customer_id", field="customer_id"),)
    is_single = True

    @override
    def parser_for(self, identifier: int) -> Parser:
        return partial(parse_object, identifier=identifier)


class DiscountsStream(AlfaCRMStream):
    """Discounts of customers."""

    name = "discounts"
    entity = "discount"
    counts_by_branch = True
