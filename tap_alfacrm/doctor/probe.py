"""Facts about the account that several checks need, each requested once."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from tap_alfacrm.client.request import PAGE_SIZE_CAPS, ListRequest
from tap_alfacrm.doctor.access import StreamAccessProbe
from tap_alfacrm.doctor.timezones import find_timezones, read_creation_times
from tap_alfacrm.doctor.value_formats import field_formats
from tap_alfacrm.streams.archived import ACTIVE, ALL, ARCHIVED
from tap_alfacrm.streams.customers import BOTH, CustomersStream
from tap_alfacrm.streams.teaching import LESSON_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from tap_alfacrm.doctor.sender import Response
    from tap_alfacrm.doctor.timezones import CreationTimes
    from tap_alfacrm.doctor.value_formats import FieldFormats
    from tap_alfacrm.records.page import Row

KINDS = range(-1, 8)
"""Values of `is_study` to try; of those beyond the documented ones only a row is requested."""
DOCUMENTED_KINDS = range(BOTH + 1)
STATES = (ACTIVE, ALL, ARCHIVED)
ALL_CUSTOMERS = {"is_study": BOTH, "removed": ALL}
OTHER_NAMES = ("page_size", "per_page", "per-page", "limit", "count")
MAX_BRANCHES = 5
"""Branches of which customers are requested."""
LONG_PAGE = 1_000
"""A page size above that of any account known."""


class Probe(StreamAccessProbe):
    """Requests facts about one account, each when it is first needed."""

    # Customers

    @property
    def all_customers(self) -> Response:
        """The first page of leads and clients, active and archived."""
        return self.streams["customers"].response

    def customer_request(
        self, filters: Mapping[str, Any], page: int = 0, size: int | None = None
    ) -> ListRequest:
        """Return the request for a page of customers; arguments as for `page_of`."""
        branch = self.streams["customers"].branch
        return self.page_of(ListRequest(CustomersStream.path(branch), filters), page, size)

    @cached_property
    def partitions(self) -> dict[tuple[int, int], Response]:
        """The first page of customers for each `is_study` and `removed`.

        Of successive undocumented kinds of equal length, only the first has each `removed`, and one
        without rows, active or archived, is not divided.
        """
        found = self._send_partitions(
            (kind, state) for kind in DOCUMENTED_KINDS for state in STATES
        )
        others = [kind for kind in KINDS if kind not in DOCUMENTED_KINDS]
        found |= self._send_partitions((kind, ALL) for kind in others)
        firsts = [
            next(iter(alike))
            for _, alike in groupby(others, lambda kind: (found[kind, ALL].total, kind >= 0))
        ]
        parts = [(kind, state) for kind in firsts for state in (ACTIVE, ARCHIVED)]
        empty = {part: found[part[0], ALL] for part in parts if found[part[0], ALL].is_empty}
        return found | empty | self._send_partitions(part for part in parts if part not in empty)

    def _send_partitions(
        self, partitions: Iterable[tuple[int, int]]
    ) -> dict[tuple[int, int], Response]:
        requests = {
            (kind, state): self.customer_request(
                {"is_study": kind, "removed": state}, size=None if kind in DOCUMENTED_KINDS else 1
            )
            for kind, state in partitions
        }
        with self.prefetch(requests.values()):
            return {
                (kind, state): (self.confirm if kind in DOCUMENTED_KINDS else self.send)(
                    request, f"customers of is_study {kind} and removed {state}"
                )
                for (kind, state), request in requests.items()
            }

    @cached_property
    def customers_by_id(self) -> dict[int, Row]:
        """The customers of all these pages."""
        found: dict[int, Row] = {}
        for response in (self.all_customers, *self.partitions.values()):
            found.update(zip(response.ids, response.rows, strict=False))
        return found

    @cached_property
    def customer_rows(self) -> Sequence[Row]:
        """The same customers as a list."""
        return [*self.customers_by_id.values()]

    @cached_property
    def renamed_page(self) -> Response:
        """The first page of customers with other names of `pageSize`, of one row each."""
        filters = {**ALL_CUSTOMERS, **dict.fromkeys(OTHER_NAMES, 1)}
        return self.send(self.customer_request(filters, size=0), "other names of pageSize")

    @cached_property
    def default_pages(self) -> tuple[Response, Response]:
        """The first two pages of customers without `pageSize`."""
        first, second = (
            self.customer_request(ALL_CUSTOMERS, page=page, size=0) for page in range(2)
        )
        is_plain = len(self.renamed_page.rows) > 1  # the other names have no effect
        default = self.renamed_page if is_plain else self.send(first, "a page without pageSize")
        return default, self.confirm(second, "page 1")

    @cached_property
    def first_page(self) -> int:
        """Number of the first page: 1 where page 0 is the same as page 1, and page 2 another."""
        first, second = self.default_pages
        if not first.is_partial or not second.ids or second.ids != first.ids:
            return 0
        third = self.send(self.customer_request(ALL_CUSTOMERS, page=2, size=0), "page 2")
        return int(bool({*third.ids} - {*first.ids}))

    @cached_property
    def branch_customers(self) -> dict[int, Response]:
        """The first page of the customers of some branches."""
        requests = {
            branch: self.page_of(ListRequest(CustomersStream.path(branch), ALL_CUSTOMERS))
            for branch in self.branch_ids[:MAX_BRANCHES]
        }
        with self.prefetch(requests.values()):
            responses = {
                branch: self.confirm(request, f"the cards of branch {branch}")
                for branch, request in requests.items()
            }
        return {branch: one for branch, one in responses.items() if one.is_received}

    @cached_property
    def lessons(self) -> dict[int, Response]:
        """The first page of the lessons of each status."""
        path = self.streams["lessons"].path
        requests = {
            status: self.page_of(ListRequest(path, {"status": status}))
            for status in LESSON_STATUSES
            if self.streams["lessons"].response.is_received
        }
        with self.prefetch(requests.values()):
            return {
                status: self.confirm(request, f"lessons of status {status}")
                for status, request in requests.items()
            }

    def request_long_page(self) -> Response:
        """Request a longer page of customers than any account is known to return."""
        request = self.customer_request(ALL_CUSTOMERS, size=LONG_PAGE)
        return self.send(request, f"a page of {LONG_PAGE} rows")

    @cached_property
    def max_page_size(self) -> int | None:
        """Rows on the longest page, if the list has more than it."""
        longest = self.request_long_page()
        length = len(longest.rows)
        if not length or length >= LONG_PAGE or not longest.is_partial:
            return None
        if length in PAGE_SIZE_CAPS:
            return length
        request = self.customer_request(ALL_CUSTOMERS, page=1, size=LONG_PAGE)
        rest = self.send(request, f"page 1 of {LONG_PAGE} rows")
        return length if {*rest.ids} - {*longest.ids} else None

    @property
    def page_size(self) -> int:
        """Rows per page of a sync."""
        return min(self.config.page_size, self.max_page_size or self.config.page_size)

    # Rows

    @cached_property
    def samples(self) -> dict[str, Sequence[Row]]:
        """Rows of each stream that has any."""
        rows = {name: access.response.rows for name, access in self.streams.items()}
        rows["customers"] = self.customer_rows
        return {name: rows[name] for name in rows if rows[name]}

    @cached_property
    def formats(self) -> dict[str, FieldFormats]:
        """How the values of each field are written, by stream."""
        return {name: field_formats(rows) for name, rows in self.samples.items()}

    @cached_property
    def sample_responses(self) -> Sequence[Response]:
        """The responses that the rows are from."""
        first_pages = (access.response for access in self.streams.values())
        return [*first_pages, *self.partitions.values()]

    @cached_property
    def creation_times(self) -> CreationTimes:
        """Creation times of the customers in UTC and in local time."""
        return read_creation_times(self.customer_rows)

    @cached_property
    def timezones(self) -> Sequence[str]:
        """IANA time zones that fit the creation times, the most likely first."""
        return find_timezones(self.creation_times)
