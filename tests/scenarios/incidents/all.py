"""Every incident, in the order of the page."""

from __future__ import annotations

from tests.scenarios.incidents import (
    approval_race,
    bankr_grok_2026,
    bithumb_2026,
    bybit_2025,
    citi_2022,
    everbright_2013,
    flash_crash_2010,
    freysa_2024,
    kalshi_ghost_2026,
    knight_2012,
    lobstar_2026,
    mizuho_2005,
    phantom_orders_2026,
    samsung_2018,
)

INCIDENTS = (
    knight_2012.INCIDENT,
    flash_crash_2010.INCIDENT,
    mizuho_2005.INCIDENT,
    everbright_2013.INCIDENT,
    citi_2022.INCIDENT,
    samsung_2018.INCIDENT,
    bithumb_2026.INCIDENT,
    freysa_2024.INCIDENT,
    lobstar_2026.INCIDENT,
    bankr_grok_2026.INCIDENT,
    bybit_2025.INCIDENT,
    kalshi_ghost_2026.INCIDENT,
    phantom_orders_2026.INCIDENT,
    approval_race.INCIDENT,
)
