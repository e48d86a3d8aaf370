"""An agent of your own: it says who it is, proposes one order, and reads what was decided.

    REMIT_TOKEN=remit_agent_... python examples/agent.py NVDA 5
    REMIT_TOKEN=remit_agent_... python examples/agent.py NVDA 5 180 200    # and a stop-loss and a take-profit
"""

import sys

from remit.client import GuardError, Remit, exit_terms

if len(sys.argv) not in (3, 5):
    sys.exit("usage: agent.py INSTRUMENT QUANTITY [STOP_LOSS TAKE_PROFIT]")
instrument, quantity, *prices = sys.argv[1:]
bracket = exit_terms(stop_loss=prices[0], take_profit=prices[1]) if prices else None
try:
    with Remit() as remit:
        decision = remit.place_order(instrument, "buy", quantity, exit=bracket, thought="a first try")
        print(decision.verdict, decision.order, decision.quantity)
        for finding in decision.findings:
            print(f"  {finding}")
except GuardError as fault:  # refused, or no guard there: a code, what happened, and what to do
    sys.exit(str(fault))
