// A small house to test with: one training account, an agent, its limits. Spread it, and change what a test is about.

import type { Answer } from "../api/client";
import type { Gauge, HaltRow, Line, Me, Waiting } from "../api/schema";
import type { Answers } from "./fake";

/** 1 Jun 2026, 12:00:00 UTC, in the API's nanoseconds. */
export const NOON = 1_780_315_200_000_000_000;
const SECOND = 1_000_000_000;

export const ANN: Me = {
  name: "ann", role: "operator", owner: "ann", token: "T-1", session: true, expires_at: null, known: true, password: true, totp: false,
  passkeys: [], sessions: [], csrf: "c".repeat(64),
};

export const STATUS: Answer<"GET /v1/status"> = {
  environment: "training", version: "1", seq: 17, at: NOON, currency: "USD", halts: [], pauses: [], orders: {}, approvals: 0, agents: 1, instruments: 1,
  unprotected: [], drifts: [], unfit: [], levels: [], halt_file: false,
  connections: [{ name: "street", account: "main", venue: "paper", environment: "training", fee_bps: 0, ready: true, why: "", clock_skew_ms: 0, dead_man: "armed for 60 s" }],
};

export const HALT: HaltRow = {
  id: "H-498-1", subject: "agent:rogue", cause: "loss", because: "it lost more today than it may", rule: "daily_loss_max", limit: "500", actual: "528.27", why: "", at: NOON, age_s: 9,
  needs: "review", now: "", to_end: [], reviewed_by: "", reviewed_limit: "", review: "",
};

export const GAUGE: Gauge = {
  subject: "agent:momentum", rule: "capital_max", per: "total", of: "", limit: "15000", unit: "USD", used: "2870.884062", reserved: "3341.28",
  headroom: "8787.835938", percent: 42, holds: true, missing: "",
};

export const WAITING: Waiting = {
  worth: "3341.28", currency: "USD", worst_price: "417.66", headroom: { subject: "agent:momentum", rule: "capital_max", of: "", limit: "15000", headroom: "11658.72", unit: "USD", percent: 23 },
  drift: { from: "413.52", to: "443.36", bps: "721.75", fresh: true, limit_bps: null }, order: "r1a2b3c4d-17", digest: "d".repeat(64), agent: "momentum", client: "",
  account: "account:main", environment: "training", connection: "street", instrument: "GOOG", category: "technology", side: "buy", type: "market", quantity: "8",
  limit_price: null, exit: "", thought: null, needed: 1, quorum: 0, confirm: true, approved_by: [], asked_by: "momentum", lineage: "ann", yours_counts: true,
  bulk: false, age_s: 3, expires_in_s: 297, at: NOON, until: NOON + 300 * SECOND,
};

export const LINE: Line = {
  id: 170000, seq: 17, at: NOON, kind: "order", entry: "submit", who: "momentum", role: "agent", door: "agents", account: "main", agent: "momentum", client: "",
  connection: "street", instrument: "GOOG", order: "r1a2b3c4d-17", code: "", trace: "", text: "", said: "agent momentum asked to buy 8 GOOG: allowed",
};

/** A page of a list. */
export const page = <Row>(...items: Row[]): { items: Row[]; next: null } => ({ items, next: null });

/** What the API answers in this house. */
export const HOUSE = {
  "GET /v1/session": ANN,
  "GET /v1/status": STATUS,
  "GET /v1/accounts": page({ name: "main", owner: "ann", environment: "training", currency: "USD", equity: "99934.063428", pnl: "-65.936572" }),
  "GET /v1/approvals": page(),
  "GET /v1/halts": page(),
  "GET /v1/pauses": page(),
  "GET /v1/exposure": { gauges: [GAUGE], left_out: 0, per_order: [], without_mandate: [] },
  "GET /v1/positions": {
    positions: [], cash: [],
    totals: [{ subject: "account:main", currency: "USD", value: "0", pnl: "-65.936572", pnl_today: "12.5", drawdown: "70", fees: "0", gross: "0", positions: 0, equity: "99934.063428" }],
  },
  "GET /v1/journal": { items: [LINE], next: null, position: 17 },
} satisfies Answers;
