"""What the sections of the report share: whom to ask, and what came back so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.streams.archived import ALL
from tap_alfacrm.streams.customers import BOTH, CustomersStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tap_alfacrm.client.client import Client
    from tap_alfacrm.config import Config
    from tap_alfacrm.doctor.probe import Probe, Reply
    from tap_alfacrm.records.page import Row
    from tap_alfacrm.tap import TapAlfaCRM


@dataclass(slots=True)
class Access:
    """How a stream can be read.

    Attributes:
        path: Path that answered, or that was tried last.
        reply: What came back.
        branch: The branch asked in, None for all.
        needs_branch: Whether the path must name one, None where it was not tried.
        question: What was asked.
        status: What the path without a branch answered, where it needs one.
    """

    path: str
    reply: Reply
    branch: int | None = None
    needs_branch: bool | None = None
    question: ListRequest | None = None
    status: int = 0


@dataclass(slots=True)
class Examination:
    """One look at an account.

    Attributes:
        tap: The tap, for its streams.
        settings: Its settings.
        session: The conversation that counts the requests.
        probe: Whom to ask.
        branches: Ids of the branches to ask in.
        unseen_branches: Ids in the settings that the list of branches does not have.
        access: By stream.
        cards: Page 0 of `customers`, by `is_study` and `removed`.
        ceiling: Most rows that a page of cards has, whatever was asked for; None if not met.
        zones: IANA zones that fit the cards' times.
    """

    tap: TapAlfaCRM
    settings: Config
    session: Client
    probe: Probe
    branches: list[int] = field(default_factory=list)
    unseen_branches: list[int] = field(default_factory=list)
    access: dict[str, Access] = field(default_factory=dict)
    cards: dict[tuple[int, int], Reply] = field(default_factory=dict)
    ceiling: int | None = None
    zones: list[str] = field(default_factory=list)

    @property
    def card_branch(self) -> int | None:
        """The branch in which cards are asked for, None for all."""
        return self.access["customers"].branch if "customers" in self.access else None

    def card_list(self, filters: Mapping[str, Any], branch: int | None = None) -> ListRequest:
        """The list of cards that a body asks for."""
        return ListRequest(CustomersStream.path(branch or self.card_branch), filters)

    @property
    def all_cards(self) -> Reply:
        """Page 0 of leads and clients, active and archived."""
        return self.access["customers"].reply

    def sampled_cards(self) -> dict[int, Row]:
        """Cards by id that came in any partition, the whole list included."""
        cards: dict[int, Row] = {}
        for reply in (self.all_cards, *self.cards.values()):
            cards.update(zip(reply.ids, reply.items, strict=False))
        return cards

    def card_sample(self) -> list[Row]:
        """The same cards, without their ids."""
        return [*self.sampled_cards().values()]

    def samples(self) -> Iterator[tuple[str, list[Row]]]:
        """Rows of each stream that gave any."""
        for name, access in self.access.items():
            rows = self.card_sample() if name == "customers" else [*access.reply.items]
            if rows:
                yield name, rows


ALL_CARDS = {"is_study": BOTH, "removed": ALL}
