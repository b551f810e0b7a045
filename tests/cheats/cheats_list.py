"""Every cheat, and every piece of honest work."""

from __future__ import annotations

from cases import (
    collection,
    configuration,
    exits,
    honest,
    indirect,
    reports,
    repository,
    source,
    surroundings,
    weakening,
)
from cheats_cases import Cheat, Honest

FAMILIES = {
    "weakening": weakening.CHEATS,
    "collection": collection.CHEATS,
    "configuration": configuration.CHEATS,
    "source": source.CHEATS,
    "indirect": indirect.CHEATS,
    "exits": exits.CHEATS,
    "reports": reports.CHEATS,
    "surroundings": surroundings.CHEATS,
    "repository": repository.CHEATS,
}
CHEATS: tuple[Cheat, ...] = tuple(cheat for family in FAMILIES.values() for cheat in family)
WORK: tuple[Honest, ...] = tuple(honest.WORK)
