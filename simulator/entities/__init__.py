"""The entities of the API, one table row each."""

from __future__ import annotations

from simulator.entities import contact, money, people, settings, teaching

ENTITIES = {
    entity.path: entity
    for module in (people, settings, teaching, money, contact)
    for entity in module.ENTITIES
}
