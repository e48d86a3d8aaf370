"""The peer: nautilus_trader's RiskEngine on the same book, so that both are measured in the same run."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from remit.bench.book import INSTRUMENTS

CAP = 10_000
"""The peer's one limit per order, in its currency."""
POSITIONS = 1000


def is_installed() -> bool:
    """Whether the extra `bench` is there."""
    return find_spec("nautilus_trader") is not None


class Peer:
    """A RiskEngine over 50 instruments and 1,000 positions, whose ways out only collect what it lets through."""

    def __init__(self) -> None:
        from nautilus_trader.common.component import MessageBus, TestClock
        from nautilus_trader.common.factories import OrderFactory
        from nautilus_trader.model.identifiers import StrategyId, TraderId
        from nautilus_trader.portfolio.portfolio import Portfolio
        from nautilus_trader.risk.config import RiskEngineConfig
        from nautilus_trader.risk.engine import RiskEngine
        from nautilus_trader.test_kit.stubs.component import TestComponentStubs

        clock = TestClock()
        self._trader, self._strategy = TraderId("T-001"), StrategyId("S-001")
        bus = MessageBus(trader_id=self._trader, clock=clock)
        cache = TestComponentStubs.cache()
        portfolio = Portfolio(msgbus=bus, cache=cache, clock=clock)
        self._instruments = [_equity(number) for number in range(INSTRUMENTS)]
        for instrument in self._instruments:
            cache.add_instrument(instrument)
            cache.add_quote_tick(_quote(instrument))
        self.allowed: list[Any] = []
        self.denied: list[Any] = []
        bus.register("ExecEngine.execute", self.allowed.append)
        bus.register("ExecEngine.process", self.denied.append)
        rate = "1000000000/00:00:01"
        config = RiskEngineConfig(
            max_order_submit_rate=rate, max_order_modify_rate=rate,
            max_notional_per_order={str(instrument.id): str(CAP) for instrument in self._instruments},
        )
        self.execute: Callable[[Any], None] = RiskEngine(
            portfolio=portfolio, msgbus=bus, cache=cache, clock=clock, config=config
        ).execute
        portfolio.update_account(_account())
        self._orders = OrderFactory(trader_id=self._trader, strategy_id=self._strategy, clock=clock)
        for number in range(POSITIONS):
            self._hold(cache, number)

    def submits(self, count: int, quantity: int) -> list[Any]:
        """Return proposals of limit buys at 100.00, over all instruments."""
        from nautilus_trader.core.uuid import UUID4
        from nautilus_trader.execution.messages import SubmitOrder
        from nautilus_trader.model.enums import OrderSide
        from nautilus_trader.model.objects import Price, Quantity

        price, size = Price.from_str("100.00"), Quantity.from_int(quantity)
        return [
            SubmitOrder(
                trader_id=self._trader, strategy_id=self._strategy, command_id=UUID4(), ts_init=0, position_id=None,
                order=self._orders.limit(self._instruments[number % INSTRUMENTS].id, OrderSide.BUY, size, price),
            )
            for number in range(count)
        ]

    def _hold(self, cache: Any, number: int) -> None:
        from nautilus_trader.model.enums import OmsType, OrderSide
        from nautilus_trader.model.identifiers import AccountId, PositionId
        from nautilus_trader.model.objects import Price, Quantity
        from nautilus_trader.model.position import Position
        from nautilus_trader.test_kit.stubs.events import TestEventStubs

        instrument = self._instruments[number % INSTRUMENTS]
        order = self._orders.market(instrument.id, OrderSide.BUY, Quantity.from_int(10))
        cache.add_order(order)
        fill = TestEventStubs.order_filled(
            order, instrument, position_id=PositionId(f"P-{number}"), strategy_id=self._strategy,
            last_px=Price.from_str("100.00"), account_id=AccountId("XNAS-001"),
        )
        cache.add_position(Position(instrument=instrument, fill=fill), OmsType.HEDGING)


def _equity(number: int) -> Any:
    from nautilus_trader.model.currencies import USD
    from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
    from nautilus_trader.model.instruments import Equity
    from nautilus_trader.model.objects import Price, Quantity

    symbol = Symbol(f"SYM{number}")
    return Equity(
        instrument_id=InstrumentId(symbol, Venue("XNAS")), raw_symbol=symbol, currency=USD, price_precision=2,
        price_increment=Price.from_str("0.01"), lot_size=Quantity.from_int(1), ts_event=0, ts_init=0,
    )


def _quote(instrument: Any) -> Any:
    from nautilus_trader.model.data import QuoteTick
    from nautilus_trader.model.objects import Price, Quantity

    size = Quantity.from_int(100)
    return QuoteTick(instrument.id, Price.from_str("99.99"), Price.from_str("100.01"), size, size, 0, 0)


def _account() -> Any:
    from nautilus_trader.core.uuid import UUID4
    from nautilus_trader.model.currencies import USD
    from nautilus_trader.model.enums import AccountType
    from nautilus_trader.model.events import AccountState
    from nautilus_trader.model.identifiers import AccountId
    from nautilus_trader.model.objects import AccountBalance, Money

    balance = AccountBalance(Money(10_000_000, USD), Money(0, USD), Money(10_000_000, USD))
    return AccountState(
        account_id=AccountId("XNAS-001"), account_type=AccountType.CASH, base_currency=USD, reported=True,
        balances=[balance], margins=[], info={}, event_id=UUID4(), ts_event=0, ts_init=0,
    )
