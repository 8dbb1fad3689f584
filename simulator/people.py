"""Names, notes and contacts, made by Faker once and combined ever after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from faker import Faker

if TYPE_CHECKING:
    from collections.abc import Callable

_SEED = 20_251_101
_EMOJI = ("🙂", "🎸", "👍🏽", "❤️", "👩‍🎓", "🇺🇦")
_LATIN = (
    "Anna K", "maria", "Test Lead", "Oleksandr", "Viktor P.", "dasha", "Ivan",
    "Kate Moroz", "instagram_user", "Sofia", "facebook lead", "Zlata M.",
)  # fmt: skip


@dataclass(frozen=True)
class Pools:
    """Material for cards."""

    surnames: tuple[str, ...]
    given_names: tuple[str, ...]
    notes: tuple[str, ...]
    streets: tuple[str, ...]
    words: tuple[str, ...]

    def full_name(self, chance: Callable[[], float]) -> str:
        """Combine a name; some are Latin, lower-case, or carry an emoji."""

        def pick(options: tuple[str, ...]) -> str:
            return options[int(chance() * len(options))]

        dice = chance()
        if dice < 0.08:
            return pick(_LATIN)
        name = f"{pick(self.surnames)} {pick(self.given_names)}"
        if dice < 0.1:
            return name.lower()
        if dice < 0.12:
            return f"{name} {pick(_EMOJI)}"
        return name


@cache
def pools() -> Pools:
    """Build the pools: the same ones in every process."""
    ukrainian, russian = Faker("uk_UA"), Faker("ru_RU")
    surnames, given, notes, streets, words = [], [], [], [], []
    for number, fake in enumerate((ukrainian, russian)):
        fake.seed_instance(_SEED + number)
        surnames += [fake.last_name() for _ in range(250)]
        given += [fake.first_name() for _ in range(120)]
        streets += [fake.street_address() for _ in range(40)]
        words += [fake.word() for _ in range(60)]
        for _ in range(60):
            first, second = fake.sentence(), fake.sentence()
            notes += [first, f"{first}\r\n{second}", f"{first}\n\n{second} 🎉"]
    notes.append("Форма з сайту\r\n" + "Питання: відповідь; " * 100)
    return Pools(*(tuple(pool) for pool in (surnames, given, notes, streets, words)))
