"""Who works at the school."""

from __future__ import annotations

from tap_alfacrm.streams.archived import ArchivedStream
from tap_alfacrm.streams.base import AlfaCRMStream


class TeachersStream(ArchivedStream):
    """Teachers, active and archived."""

    name = "teachers"
    entity = "teacher"


class TeacherRatesStream(AlfaCRMStream):
    """What teachers are paid for a lesson."""

    name = "teacher_rates"
    entity = "teacher"
    actions = ("/teacher-rate",)
    needs_branch = True


class WorkingHoursStream(AlfaCRMStream):
    """When teachers can be booked."""

    name = "working_hours"
    entity = "teacher"
    actions = ("/working-hour",)
    needs_branch = True


class UsersStream(AlfaCRMStream):
    """People with a login, who manage leads."""

    name = "users"
    entity = "user"
    needs_branch = True
