"""The named incidents of other firms and agents, each played on Remit with its own numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scenarios.incidents.all import INCIDENTS
from tests.scenarios.incidents.incident import Incident

NAMED = [
    "knight_2012", "flash_crash_2010", "mizuho_2005", "everbright_2013", "citi_2022", "samsung_2018", "bithumb_2026",
    "freysa_2024", "lobstar_2026", "bankr_grok_2026", "bybit_2025", "kalshi_ghost_2026", "phantom_orders_2026",
    "approval_race",
]  # fmt: skip


@pytest.mark.parametrize("incident", INCIDENTS, ids=[incident.id for incident in INCIDENTS])
def test_incident(incident: Incident, tmp_path: Path) -> None:
    with incident.scene(tmp_path) as scene:
        for row in incident.rows:
            assert row.does(scene) == row.out, row.tried


def test_every_named_incident_is_played_and_says_its_source() -> None:
    assert [incident.id for incident in INCIDENTS] == NAMED
    for incident in INCIDENTS:
        assert len(incident.rows) >= 4 and incident.sources and incident.proves and "\n\n" in incident.told, incident.id
        assert all(source.title and source.publisher and source.date for source in incident.sources), incident.id
        assert all(source.address.startswith("https://") for source in incident.sources), incident.id
