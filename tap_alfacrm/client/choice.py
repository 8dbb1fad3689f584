"""Of which list to request the next page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_alfacrm.client.kept import PageSizes
    from tap_alfacrm.client.open_list import OpenList


def choose_list(lists: Sequence[OpenList], max_in_flight: int, sizes: PageSizes) -> OpenList | None:
    """Choose the list of which to request one more page.

    The first pages of long lists come first: they tell the lengths, without which nothing after
    them can be planned. Then what is needed next comes first. Three limits hold at any time. A
    list is begun only when no list before it, whose rows could still move to it, has more
    than `OVERLAP_PAGES` pages to request; no more than `max_in_flight` pages are held for
    lists after the current one, apart from totals and short lists; and large pages are held
    only as far as `PageSizes` allows.

    Args:
        lists: The lists in the order of reading, the current one first.
        max_in_flight: Maximum number of outstanding requests.
        sizes: Sizes of the account's pages.

    Returns:
        The list, None where no page may be requested.
    """
    held = [one.planned.request.resource for one in lists for _ in one.responses]
    places = max_in_flight - sum(
        len(list_.responses) for list_ in lists[1:] if not list_.planned.is_short
    )
    for begins_long_lists in (True, False):
        for position, list_ in enumerate(lists):
            is_short = list_.planned.is_short
            if not list_.requested:
                has_place = not position or is_short or places > 0
                is_next = is_short != begins_long_lists and has_place
                is_next = is_next and not is_blocked(lists, position)
            else:
                free = places if position else max_in_flight - len(list_.responses)
                is_open = list_.requested < (list_.pages or 1)
                is_next = not begins_long_lists and is_open and free > 0
            if is_next and _has_room(list_, held, sizes):
                return list_
    return None


def is_blocked(lists: Sequence[OpenList], position: int) -> bool:
    """Whether a list has to wait for one before it, from which rows move to it."""
    planned = lists[position].planned
    before = lists[:position] if planned.depends_on_previous else ()
    return any(one.blocks(planned) for one in before)


def _has_room(list_: OpenList, held: Sequence[str], sizes: PageSizes) -> bool:
    planned = list_.planned
    return planned.count_only or sizes.has_room(
        planned.request.resource, held, is_short=planned.single_page_likely
    )
