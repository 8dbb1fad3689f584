"""Lists that the account is set up with."""

from __future__ import annotations

from tap_alfacrm.extract.plan import ListSpec
from tap_alfacrm.streams.base import AlfaCRMStream


class BranchesStream(AlfaCRMStream):
    """Branches, inactive ones too."""

    name = "branches"
    entity = "branch"
    is_parent = True


class LocationsStream(AlfaCRMStream):
    """Places where a branch teaches."""

    name = "locations"
    entity = "location"
    needs_branch = True


class RoomsStream(AlfaCRMStream):
    """Rooms, those without a location too."""

    name = "rooms"
    entity = "room"
    counts_by_branch = True


class SubjectsStream(AlfaCRMStream):
    """Subjects, inactive ones too."""

    name = "subjects"
    entity = "subject"
    sample_list = ListSpec({"active": False})


class StudyStatusesStream(AlfaCRMStream):
    """Statuses of clients."""

    name = "study_statuses"
    entity = "study-status"


class LeadStatusesStream(AlfaCRMStream):
    """Stages of the lead funnels."""

    name = "lead_statuses"
    entity = "lead-status"


class LeadSourcesStream(AlfaCRMStream):
    """Where leads come from."""

    name = "lead_sources"
    entity = "lead-source"


class LeadRejectsStream(AlfaCRMStream):
    """Reasons for which leads are archived."""

    name = "lead_rejects"
    entity = "lead-reject"


class CustomerRejectsStream(AlfaCRMStream):
    """Reasons for which clients are archived."""

    name = "customer_rejects"
    entity = "customer-reject"


class PipelinesStream(AlfaCRMStream):
    """Lead funnels."""

    name = "pipelines"
    entity = "pipeline"


class CompaniesStream(AlfaCRMStream):
    """Legal entities of the school."""

    name = "companies"
    entity = "company"


class StreamingsStream(AlfaCRMStream):
    """Ways to teach online."""

    name = "streamings"
    entity = "streaming"
    needs_branch = True
