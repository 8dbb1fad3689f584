"""Tasks, comments, messages, calls, and the log of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_alfacrm.extract.incremental import DOTTED, ISO, IncrementalFilter
from tap_alfacrm.streams.base import AlfaCRMStream
from tap_alfacrm.streams.child import ChildStream, Parent

if TYPE_CHECKING:
    from tap_alfacrm.extract.memory import Memory


class TasksStream(AlfaCRMStream):
    """Tasks of the staff."""

    name = "tasks"
    entity = "task"
    needs_branch = True
    moves_between_branches = True
    is_parent = True


class CommunicationsStream(ChildStream):
    """Comments on customers, groups and tasks."""

    name = "communications"
    entity = "communication"
    parents = tuple(
        Parent(stream, "related_id", {"class": class_})
        for stream, class_ in (("customers", "Customer"), ("groups", "Group"), ("tasks", "Task"))
    )


class LogsStream(AlfaCRMStream):
    """Who changed what, and when: the only trace of deletions."""

    name = "logs"
    entity = "log"
    needs_branch = True
    is_append_only = True
    incremental_filter = IncrementalFilter("date_time", "date_from", DOTTED)


class MessagesStream(AlfaCRMStream):
    """Messages of one kind; their status changes after the day by which they are filtered.

    A list that fits on one page is requested in full: that takes one request, a window and the
    check of its filter two.
    """

    actions = ("", "/index")
    needs_branch = True

    @override
    def fits_on_a_page(self, task: str, memory: Memory) -> bool:
        count = memory.count(task, "")
        return count is not None and count < self.run.page_lengths.longest

    @property
    @override
    def lookback_days(self) -> int:
        return max(super().lookback_days, self.run.config.message_lookback_days)


class SmsMessagesStream(MessagesStream):
    """Text messages."""

    name = "sms_messages"
    entity = "sms-message"
    incremental_filter = IncrementalFilter("added", "date_from", ISO)


class MailMessagesStream(MessagesStream):
    """E-mails."""

    name = "mail_messages"
    entity = "mail-message"
    incremental_filter = IncrementalFilter("sent_date", "date_from", ISO)


class PhoneCallsStream(MessagesStream):
    """Phone calls."""

    name = "phone_calls"
    entity = "phone-call"
    incremental_filter = IncrementalFilter("call_date", "date_from", ISO)
