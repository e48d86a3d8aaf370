"""The tables of the read model, and how the rows of each entry come to stand in them."""

from __future__ import annotations

import sqlite3
from typing import Any

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode, plain
from remit.kernel.event import Record
from remit.kernel.names import FIRM, subject
from remit.kernel.numbers import SCALE, Quantity, notional_ceil, parse, text
from remit.kernel.order import Signal, transition
from remit.reports.told import NOBODY, Placed, Told, Whose, whose_agent, whose_order, whose_subject

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE agents (name TEXT PRIMARY KEY, account TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE clients (name TEXT PRIMARY KEY, agent TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE connections (name TEXT PRIMARY KEY, account TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE currencies (subject TEXT PRIMARY KEY, currency TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE instruments (name TEXT PRIMARY KEY, currency TEXT NOT NULL, multiplier TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE things (  -- whom an exit, a halt, a token, a proposal or a preapproval concerns
    kind TEXT NOT NULL, name TEXT NOT NULL, account TEXT NOT NULL, agent TEXT NOT NULL, client TEXT NOT NULL,
    connection TEXT NOT NULL, instrument TEXT NOT NULL, ord TEXT NOT NULL, PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE lines (  -- id = entry * 10000 + place in it: it never changes, so that a page can go on from it
    id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, entry TEXT NOT NULL,
    who TEXT NOT NULL, role TEXT NOT NULL, door TEXT NOT NULL, account TEXT NOT NULL, agent TEXT NOT NULL,
    client TEXT NOT NULL, connection TEXT NOT NULL, instrument TEXT NOT NULL, ord TEXT NOT NULL, code TEXT NOT NULL,
    trace TEXT NOT NULL, text TEXT NOT NULL, said TEXT NOT NULL
) STRICT;
CREATE INDEX lines_agent ON lines (agent, id) WHERE agent <> '';
CREATE INDEX lines_account ON lines (account, id) WHERE account <> '';
CREATE INDEX lines_client ON lines (client, id) WHERE client <> '';
CREATE INDEX lines_instrument ON lines (instrument, id) WHERE instrument <> '';
CREATE INDEX lines_ord ON lines (ord, id) WHERE ord <> '';
CREATE INDEX lines_kind ON lines (kind, id);
CREATE INDEX lines_at ON lines (at, id);
CREATE TABLE orders (  -- every proposal that was decided, the denied ones too
    id INTEGER PRIMARY KEY, ord TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, changed_at INTEGER NOT NULL,
    account TEXT NOT NULL, agent TEXT NOT NULL, client TEXT NOT NULL, connection TEXT NOT NULL,
    instrument TEXT NOT NULL, currency TEXT NOT NULL, intent TEXT NOT NULL, asked_by TEXT NOT NULL,
    side TEXT NOT NULL, type TEXT NOT NULL, quantity TEXT NOT NULL, limit_price TEXT, filled TEXT NOT NULL,
    verdict TEXT NOT NULL, state TEXT NOT NULL, rule TEXT NOT NULL, worth TEXT NOT NULL, worth_currency TEXT NOT NULL,
    reasons TEXT NOT NULL, trace TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX orders_agent ON orders (agent, id);
CREATE INDEX orders_account ON orders (account, id);
CREATE INDEX orders_state ON orders (state, id);
CREATE INDEX orders_at ON orders (at, id);
CREATE TABLE fills (
    id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, ord TEXT NOT NULL, fill TEXT NOT NULL,
    account TEXT NOT NULL, agent TEXT NOT NULL, client TEXT NOT NULL, connection TEXT NOT NULL,
    instrument TEXT NOT NULL, currency TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT NULL,
    price TEXT NOT NULL, notional TEXT NOT NULL, fee TEXT NOT NULL, late INTEGER NOT NULL, taken_back INTEGER NOT NULL
) STRICT;
CREATE INDEX fills_at ON fills (at, id);
CREATE INDEX fills_ord ON fills (ord, fill);
CREATE TABLE violations (  -- each finding of a denial, each refusal of what an agent or its client asked
    id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, ord TEXT NOT NULL, account TEXT NOT NULL,
    agent TEXT NOT NULL, client TEXT NOT NULL, instrument TEXT NOT NULL, asked TEXT NOT NULL, rule TEXT NOT NULL,
    subject TEXT NOT NULL, bound TEXT NOT NULL, actual TEXT NOT NULL, unit TEXT NOT NULL, times INTEGER NOT NULL
) STRICT;
CREATE INDEX violations_at ON violations (at, id);
CREATE INDEX violations_agent ON violations (agent, id);
CREATE TABLE approvals (  -- each step of a hold: held, approved, released, declined, lapsed, cancelled; or preapproved
    id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, ord TEXT NOT NULL, account TEXT NOT NULL,
    agent TEXT NOT NULL, client TEXT NOT NULL, instrument TEXT NOT NULL, step TEXT NOT NULL, person TEXT NOT NULL,
    digest TEXT NOT NULL, worth TEXT NOT NULL, currency TEXT NOT NULL, rule TEXT NOT NULL, why TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX approvals_at ON approvals (at, id);
CREATE INDEX approvals_ord ON approvals (ord, id);
"""
PLACES = 10_000
"""Lines that one entry may have: more than fit into its bytes."""
REPORT_STATES = frozenset({"lapsed", "declined", "cancelled"})


class Tables:
    """Reads and writes the rows of one database; also who belongs to whom, for the words of the next entry."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._do = database.execute

    # Who belongs to whom

    def order(self, order: str) -> Placed | None:
        row = self._do(
            "SELECT account, agent, client, connection, instrument, side, currency FROM orders WHERE ord = ?", (order,)
        ).fetchone()
        if row is None:
            return None
        account, agent, client, connection, instrument, side, currency = row
        whose = Whose(account, agent, client, connection, instrument, order)
        return Placed(whose, side, currency)

    def account_of(self, agent: str) -> str:
        return self._one("SELECT account FROM agents WHERE name = ?", agent)

    def agent_of(self, client: str) -> str:
        return self._one("SELECT agent FROM clients WHERE name = ?", client)

    def currency_of(self, subject: str) -> str:
        return self._one("SELECT currency FROM currencies WHERE subject = ?", subject)

    def holder(self, connection: str) -> str:
        return self._one("SELECT account FROM connections WHERE name = ?", connection)

    def thing(self, kind: str, name: str) -> Whose:
        row = self._do(
            "SELECT account, agent, client, connection, instrument, ord FROM things WHERE kind = ? AND name = ?",
            (kind, name),
        ).fetchone()
        return NOBODY if row is None else Whose(*row)

    def _one(self, question: str, name: str) -> str:
        row = self._do(question, (name,)).fetchone()
        return "" if row is None else str(row[0])

    def _put(self, table: str, row: tuple[Any, ...]) -> None:
        """Keep a row; one that stands there already is replaced, so that what is said twice is kept once."""
        self._do(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    # Rows of one entry

    def know(self, record: Record) -> None:
        """Take in who and what an entry adds, before it is told."""
        body, refused = record.command.body, any(isinstance(event, e.Refused) for event in record.events)
        if refused:
            return
        match body:
            case c.SetFirm(currency=currency):
                self._put("currencies", (FIRM, currency))
            case c.AddAccount(account=account):
                self._put("currencies", (subject("account", account.name), account.currency))
            case c.AddAgent(agent=agent):
                self._put("agents", (agent.name, agent.account))
            case c.AddClient(client=client):
                self._put("clients", (client.name, client.agent))
            case c.AddConnection(connection=link):
                self._put("connections", (link.name, link.account))
            case c.AddInstrument(instrument=listed):
                self._put("instruments", (listed.name, listed.currency, str(int(listed.multiplier))))
            case c.IssueToken(grant=grant) if grant.role in ("agent", "client"):
                self._thing("token", grant.token, whose_subject(self, f"{grant.role}:{grant.name}"))
            case c.Preapprove():
                self._thing("preapproval", body.id, whose_agent(self, body.agent))
            case c.Submit() if record.decision is not None:
                self._place(record, body)
        for event in record.events:
            self._know_event(event, body)

    def _know_event(self, event: e.Event, body: c.Body) -> None:
        match event:
            case e.HaltRaised():
                self._thing("halt", event.halt, whose_subject(self, event.subject))
            case e.ExitSet() if event.order:
                self._thing("exit", event.exit, whose_order(self, event.order))
            case e.ExitSet() if isinstance(body, c.SetExit):
                names = {"connection": body.connection, "instrument": body.instrument}
                self._thing("exit", event.exit, whose_agent(self, body.agent, body.client, **names))
        named = getattr(event, "proposal", "")
        if named and isinstance(body, c.SetMandate):
            self._thing("proposal", str(named), whose_subject(self, body.subject))

    def _thing(self, kind: str, name: str, whose: Whose) -> None:
        row = (whose.account, whose.agent, whose.client, whose.connection, whose.instrument, whose.order)
        self._put("things", (kind, name, *row))

    def _place(self, record: Record, body: c.Submit) -> None:
        intent, decision, command = body.intent, record.decision, record.command
        assert decision is not None
        state = next((event.state for event in record.events if isinstance(event, e.Reserved)), "denied")
        first = decision.findings[0].rule if decision.findings else ""
        self._put(
            "orders",
            (
                command.seq, decision.order, command.at, command.at, self.account_of(intent.agent), intent.agent,
                body.client, intent.connection, intent.instrument,
                self._one("SELECT currency FROM instruments WHERE name = ?", intent.instrument), intent.id,
                command.by.name, intent.side, intent.type,
                text(intent.quantity if decision.verdict == "deny" else decision.quantity),
                None if intent.limit_price is None else text(intent.limit_price), "0", decision.verdict, state,
                first, text(decision.worth), decision.currency, encode(plain(decision.findings)).decode(),
                body.trace, intent.thought or "",
            ),
        )  # fmt: skip

    def tell(self, record: Record, lines: list[Told]) -> None:
        """Keep the lines of an entry."""
        command = record.command
        by, kind, trace = command.by, str(command.body.__struct_config__.tag), getattr(command.body, "trace", "")
        for place, told in enumerate(lines[:PLACES]):
            whose = told.whose
            self._put(
                "lines",
                (
                    command.seq * PLACES + place, command.seq, command.at, told.kind, kind, by.name, by.role, by.door,
                    whose.account, whose.agent, whose.client, whose.connection, whose.instrument, whose.order,
                    told.code, trace, told.text, told.said,
                ),
            )  # fmt: skip

    def count(self, record: Record, lines: list[Told]) -> None:
        """Keep what an entry says of orders, fills, violations and approvals."""
        command, place = record.command, record.command.seq * PLACES
        for row in self._violations(record, lines):
            self._put(
                "violations",
                (place, command.seq, command.at, *row),
            )
            place += 1
        for number, event in enumerate(record.events):
            self._event(record, event, command.seq * PLACES + number)

    def _violations(self, record: Record, lines: list[Told]) -> list[tuple[Any, ...]]:
        body, decision = record.command.body, record.decision
        asked = str(body.__struct_config__.tag)
        if decision is not None and decision.verdict == "deny":
            whose = lines[0].whose if lines else NOBODY
            return [
                (
                    whose.order or decision.order, whose.account, whose.agent, whose.client, whose.instrument, asked,
                    finding.rule, finding.subject, finding.limit, finding.actual, finding.unit, 1,
                )
                for finding in decision.findings
            ]  # fmt: skip
        rows = [told for told in lines if told.kind == "violation" or (told.kind == "action" and told.code)]
        times = getattr(body, "times", 1)
        what = getattr(body, "what", "") or getattr(body, "via", "") or asked
        return [
            (told.whose.order, told.whose.account, told.whose.agent, told.whose.client, told.whose.instrument, what,
             told.code, "", "", "", "", times)
            for told in rows
        ]  # fmt: skip

    def _event(self, record: Record, event: e.Event, place: int) -> None:
        at = record.command.at
        match event:
            case e.Moved():
                was = self._one("SELECT state FROM orders WHERE ord = ?", event.order)
                self._state(event.order, event.state, at)
                if was == "held" and event.state in REPORT_STATES:
                    person = record.command.by.name if event.state != "lapsed" else ""
                    why = event.why or getattr(record.command.body, "why", "")
                    self._approval(place, record, event.order, event.state, person=person, why=why)
            case e.CancelAsked():
                self._state(event.order, "pending_cancel", at)
            case e.ReplaceAsked():
                self._state(event.order, "pending_replace", at)
                body = record.command.body
                if isinstance(body, c.Replace):
                    self._thing("replace", event.order, Whose(order=f"{text(body.quantity)} {text(body.limit_price)}"))
            case e.ReplaceSettled():
                self._replaced(event, at)
            case e.Released():
                self._state(event.order, "allowed", at)
                if record.decision is not None:
                    quantity = text(record.decision.quantity)
                    self._do("UPDATE orders SET quantity = ? WHERE ord = ?", (quantity, event.order))
                self._approval(place, record, event.order, "released")
            case e.Approved():
                self._approval(place, record, event.order, "approved", person=event.person)
            case e.PreapprovalUsed():
                rule, why = self._asking(record), f"preapproval {event.preapproval}"
                self._approval(place, record, event.order, "preapproved", rule=rule, why=why)
            case e.Reserved() if event.state == "held":
                rule = self._asking(record)
                self._approval(place, record, event.order, "held", digest=event.digest, rule=rule, until=event.until)
            case e.Booked():
                self._filled(place, record, event)
            case e.Reversed():
                self._do("UPDATE fills SET taken_back = 1 WHERE ord = ? AND fill = ?", (event.order, event.fill))
                self._count_filled(event.order, at)

    def _asking(self, record: Record) -> str:
        """Return the rule that asks people about an order."""
        return record.decision.findings[0].rule if record.decision is not None and record.decision.findings else ""

    def _state(self, order: str, state: str, at: int) -> None:
        self._do("UPDATE orders SET state = ?, changed_at = ? WHERE ord = ?", (state, at, order))

    def _replaced(self, event: e.ReplaceSettled, at: int) -> None:
        filled = self._one("SELECT filled FROM orders WHERE ord = ?", event.order)
        self._signal(event.order, "replace" if event.taken else "refuse_replace", at)
        if filled not in ("", "0") and self._one("SELECT state FROM orders WHERE ord = ?", event.order) == "acked":
            self._state(event.order, "partial", at)
        quantity, _, limit = self.thing("replace", event.order).order.partition(" ")
        if event.taken and quantity:
            self._do("UPDATE orders SET quantity = ?, limit_price = ? WHERE ord = ?", (quantity, limit, event.order))
        self._do("DELETE FROM things WHERE kind = 'replace' AND name = ?", (event.order,))

    def _approval(
        self, place: int, record: Record, order: str, step: str, *, person: str = "", digest: str = "",
        rule: str = "", why: str = "", until: int = 0,
    ) -> None:  # fmt: skip
        row = self._do(
            "SELECT account, agent, client, instrument, worth, worth_currency FROM orders WHERE ord = ?", (order,)
        ).fetchone()
        if row is None:
            return
        account, agent, client, instrument, worth, currency = row
        self._put(
            "approvals",
            (
                place, record.command.seq, record.command.at, order, account, agent, client, instrument, step, person,
                digest, worth, currency, rule, why, until,
            ),
        )  # fmt: skip

    def _filled(self, place: int, record: Record, event: e.Booked) -> None:
        placed = self.order(event.order)
        whose = Whose() if placed is None else placed.whose
        self._put(
            "fills",
            (
                place, record.command.seq, record.command.at, event.order, event.fill, whose.account, whose.agent,
                whose.client, whose.connection, whose.instrument, "" if placed is None else placed.currency,
                "" if placed is None else placed.side, text(event.quantity), text(event.price),
                text(self._notional(event, whose.instrument)), text(event.fee),
                int(event.late), 0,
            ),
        )  # fmt: skip
        self._count_filled(event.order, record.command.at)
        self._signal(event.order, "complete" if event.complete else "fill", record.command.at)

    def _notional(self, event: e.Booked, instrument: str) -> int:
        multiplier = self._one("SELECT multiplier FROM instruments WHERE name = ?", instrument)
        return notional_ceil(event.price, event.quantity, int(multiplier or SCALE) * SCALE)

    def _signal(self, order: str, signal: Signal, at: int) -> str:
        """Move an order as the kernel's table of transitions does, and return the state before."""
        was = self._one("SELECT state FROM orders WHERE ord = ?", order)
        following = transition(was, signal) if was else None
        if following is not None:
            self._state(order, following, at)
        return was

    def _count_filled(self, order: str, at: int) -> None:
        rows = self._do("SELECT quantity FROM fills WHERE ord = ? AND taken_back = 0", (order,))
        total = sum(int(parse(Quantity, row[0])) for row in rows)
        self._do("UPDATE orders SET filled = ?, changed_at = ? WHERE ord = ?", (text(total), at, order))
