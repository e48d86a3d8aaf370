"""`remit up`: starts the guard and what belongs beside it, watches over them, and shows what happens."""

from remit.up.prices import feed_bars, feed_live
from remit.up.start import main

__all__ = ["feed_bars", "feed_live", "main"]
