"""Exits in words."""

from __future__ import annotations

from typing import Any

import pytest

from remit.kernel.codec import build
from remit.kernel.exit import ExitTerms
from remit.kernel.exit_words import terms_words

STOP = {"kind": "stop_loss", "trigger": "90.5"}


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"legs": [STOP]}, "stop_loss 90.5"),
        ({"legs": [STOP, {"kind": "take_profit", "trigger": "108"}]}, "stop_loss 90.5, take_profit 108"),
        ({"legs": [{"kind": "trailing_stop", "offset": "5"}]}, "trailing_stop 5"),
        ({"legs": [{"kind": "trailing_stop", "offset_bps": 1}]}, "trailing_stop 0.01%"),
        ({"legs": [{"kind": "trailing_stop", "offset_bps": 300, "activation": "195"}]}, "trailing_stop 3% from 195"),
        ({"legs": [STOP], "quantity": "4"}, "stop_loss 90.5, 4 at most"),
    ],
)
def test_terms(terms: dict[str, Any], says: str) -> None:
    assert terms_words(build(ExitTerms, terms)) == says
