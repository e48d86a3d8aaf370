"""An agent of your own: it says who it is, proposes one order, and reads what was decided.

    REMIT_TOKEN=remit_agent_... python examples/agent.py NVDA 5
    REMIT_TOKEN=remit_agent_... python examples/agent.py NVDA 5 180 200    # and a stop-loss and a take-profit
"""

import os
import sys
import time
from pathlib import Path

from remit.guard.wire import Client, GuardError
from remit.kernel.command import Submit
from remit.kernel.event import Record
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.numbers import Price, Quantity, parse, text
from remit.kernel.order import OrderIntent

if len(sys.argv) not in (3, 5):
    sys.exit("usage: agent.py INSTRUMENT QUANTITY [STOP_LOSS TAKE_PROFIT]")
bracket = None
if len(sys.argv) > 4:
    stop_loss = Leg(kind="stop_loss", trigger=parse(Price, sys.argv[3]))
    take_profit = Leg(kind="take_profit", trigger=parse(Price, sys.argv[4]))
    bracket = ExitTerms(legs=(stop_loss, take_profit))

home = Path(os.environ.get("REMIT_HOME", Path.home() / ".local" / "share" / "remit"))
try:
    with Client(home / "guard.sock", os.environ.get("REMIT_TOKEN", ""), "my-agent") as guard:
        me = guard.ask("read", {"view": "self"})
        now = time.time_ns()
        intent = OrderIntent(
            id=f"{me['agent']}-{now}", agent=me["agent"], connection=me["connections"][0], created_at=now,
            instrument=sys.argv[1], side="buy", quantity=parse(Quantity, sys.argv[2]), type="market",
            exit=bracket,
        )  # fmt: skip
        record = guard.ask("command", Submit(intent=intent), Record)
        if record.decision is None:  # not judged at all: what happened instead stands in its events
            sys.exit(str(record.events))
        print(record.decision.verdict, record.decision.order, text(record.decision.quantity))
        for finding in record.decision.findings:
            print(f"  {finding.rule} of {finding.subject}: {finding.actual} against {finding.limit} {finding.unit}")
except GuardError as fault:  # refused, or no guard there: a code, what happened, and what to do
    sys.exit(f"{fault.code}: {fault.message}. {fault.fix}")
