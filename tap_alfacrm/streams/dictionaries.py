"""Small lists that the cards point to."""

from __future__ import annotations

from tap_alfacrm.streams.base import AlfaCRMStream


class BranchesStream(AlfaCRMStream):
    """Branches, inactive ones too."""

    name = "branches"
    entity = "branch"


class LeadStatusesStream(AlfaCRMStream):
    """Stages of the lead funnels."""

    name = "lead_statuses"
    entity = "lead-status"


class LeadRejectsStream(AlfaCRMStream):
    """Reasons for which leads are archived."""

    name = "lead_rejects"
    entity = "lead-reject"


class CustomerRejectsStream(AlfaCRMStream):
    """Reasons for which clients are archived."""

    name = "customer_rejects"
    entity = "customer-reject"
