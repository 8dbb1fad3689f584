"""Groups, their members and their lessons."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_alfacrm.extract.deduplication import Deduplicator, FilterWitness
from tap_alfacrm.extract.incremental import DOTTED, IncrementalFilter
from tap_alfacrm.extract.plan import ListSpec
from tap_alfacrm.records.layout import Completion
from tap_alfacrm.records.page import parse_array
from tap_alfacrm.streams.archived import ArchivedStream
from tap_alfacrm.streams.base import AlfaCRMStream
from tap_alfacrm.streams.child import ChildStream, Parent
from tap_alfacrm.streams.entity import ListCount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.records.page import Parser

TIME_ALONE = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
YEAR = dt.timedelta(days=366)
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
LESSON_STATUSES = (1, 2, 3)
"""Planned, cancelled, conducted; without a status the API hides the first two."""


class GroupsStream(ArchivedStream):
    """Groups, active and archived; always in full, because archiving may not move `updated_at`."""

    name = "groups"
    entity = "group"
    is_parent = True
    ends_when_archived = False  # a group has a planned end


class GroupMembershipsStream(ChildStream):
    """Who is a member of a group (`cgi`); the API hides ended memberships."""

    name = "group_memberships"
    entity = "cgi"
    parents = (Parent("groups", "group_id", every_branch=True),)
    display_fallbacks = ("b_date", "e_date")
    selected_by_default = True


class LessonsStream(AlfaCRMStream):
    """Lessons with the attendance and the charge of each pupil, a list for each status.

    No request counts the lessons of all statuses, so that each list is counted once more after
    the last: a lesson that went back to a list that was read already changes its count.
    """

    name = "lessons"
    entity = "lesson"
    incremental_filter = IncrementalFilter("updated_at", "updated_at_from", DOTTED)
    former_contexts = tuple({"status": status} for status in LESSON_STATUSES)
    counts_by_branch = True

    @override
    def lists(self, context: Context | None) -> Sequence[ListSpec]:
        return [ListSpec({"status": status}, variant=status) for status in LESSON_STATUSES]

    @override
    def counts(self, context: Context | None) -> Sequence[ListCount]:
        return [ListCount(spec, number) for number, spec in enumerate(self.lists(context))]

    @override
    def make_deduplicator(self) -> Deduplicator:
        return Deduplicator(variant_field="status")

    @override
    def make_witness(self) -> FilterWitness:
        return FilterWitness("status")

    @classmethod
    @override
    def completions(cls) -> Sequence[Completion]:
        return [Completion(name, "date", join_day_and_time) for name in ("time_from", "time_to")]


def join_day_and_time(time: object, day: object) -> object:
    """Complete a time that some accounts return without the day.

    Args:
        time: A time of day or a date-time.
        day: The day.
    """
    if day and isinstance(time, str) and TIME_ALONE.fullmatch(time):
        return f"{day} {time}"
    return time


class CustomerCalendarsStream(ChildStream):
    """Each customer's lessons, from `start_date` to a year ahead of the run."""

    name = "customer_calendars"
    entity = "calendar"
    actions = ("/customer",)
    primary_keys = ("customer_id", "id")
    parents = (Parent("customers", "id", field="customer_id"),)
    is_single = True

    @override
    def parser_for(self, identifier: int) -> Parser:
        return parse_array

    @override
    def params(self) -> Mapping[str, Any]:
        begin = self.run.config.start or LONG_AGO
        end = self.run.started_at + YEAR
        return {"date1": begin.strftime(DOTTED), "date2": end.strftime(DOTTED)}


class LessonTypesStream(AlfaCRMStream):
    """Kinds of lessons."""

    name = "lesson_types"
    entity = "lesson-type"
    needs_branch = True


class RegularLessonsStream(AlfaCRMStream):
    """The timetable that lessons are made from."""

    counts_by_branch = True
    name = "regular_lessons"
    entity = "regular-lesson"
    display_fallbacks = ("b_date", "e_date")
