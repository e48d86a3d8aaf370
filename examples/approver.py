"""An approval page in its smallest form: it approves small orders for its person, declines what its person never wants,
and leaves the rest to people.

    remit callback add ada                                          # prints a callback and its secret
    remit notify add page http://127.0.0.1:8500 --kind approvals    # prints the channel's secret
    export REMIT_CALLBACK=C-... REMIT_CALLBACK_SECRET=whsec_... REMIT_CHANNEL_SECRET=whsec_...
    python examples/approver.py 8500 500

A page on this machine must be listed in remit.toml, before `remit up` starts: notify_allow = ["127.0.0.1"].
"""

import os
import sys
import urllib.error
import urllib.request
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from remit.client import GuardError, webhooks

NEVER = ("GME", "AMC")
NEEDED = ("REMIT_CALLBACK", "REMIT_CALLBACK_SECRET", "REMIT_CHANNEL_SECRET")


def decide(held: dict[str, Any], most: Decimal) -> bool | None:
    """Return whether to approve an order, or None to leave it to people."""
    if held["instrument"] in NEVER:
        return False
    return True if held["currency"] == "USD" and Decimal(held["worth"]) <= most else None


def server(port: int, most: Decimal, environ: dict[str, str]) -> ThreadingHTTPServer:
    """Return a page that answers on this machine's own address."""
    seen: set[str] = set()

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 1 << 20))
            try:
                message = webhooks.heard(environ["REMIT_CHANNEL_SECRET"], dict(self.headers), body)
            except (GuardError, ValueError) as forged:
                self.send_error(401, explain=str(forged))
                return
            try:
                if message["type"] == "order.held" and self.headers["webhook-id"] not in seen:
                    answer(message["data"], most, environ)
            except OSError as fault:
                self.send_error(503, explain=str(fault))  # the message comes again
                return
            seen.add(self.headers["webhook-id"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *said: Any) -> None:
            """Say nothing of each request."""

    return ThreadingHTTPServer(("127.0.0.1", port), Page)


def answer(held: dict[str, Any], most: Decimal, environ: dict[str, str]) -> None:
    """Answer for a held order, or say that it waits for people."""
    approve = decide(held, most)
    print(held["text"], {True: "-> approved", False: "-> declined", None: "-> left to people"}[approve], flush=True)
    if approve is None:
        return
    headers, body = webhooks.answer(
        environ["REMIT_CALLBACK"], environ["REMIT_CALLBACK_SECRET"], held["order"], held["digest"],
        approve=approve, why="" if approve else "never this one",
    )  # fmt: skip
    request = urllib.request.Request(held["callback"], data=body, headers=headers, method="POST")
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as fault:
        if fault.code != 409:  # 409: somebody else answered first, or the order is not the one that was shown
            raise


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: approver.py PORT MOST")
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        sys.exit(f"not set: {', '.join(missing)}")
    server(int(sys.argv[1]), Decimal(sys.argv[2]), dict(os.environ)).serve_forever()
