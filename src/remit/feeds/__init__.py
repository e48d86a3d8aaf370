"""Market data in: recorded bars, a sample that needs no network, and live public prices. A feed may only send marks."""
