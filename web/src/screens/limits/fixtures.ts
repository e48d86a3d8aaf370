// Limits to test with: a few rules of each kind as the API tells them, and the mandates of a small house.

import type { Answers } from "../../testing/fake";
import { HOUSE, NOON, page } from "../../testing/house";
import { words } from "../../words";
import type { Compared, Mandate, MandateRow, RuleRow, Version } from "../../api/schema";

const rule = (name: string, more: Partial<RuleRow>): RuleRow => ({
  rule: name, title: words(name), kind: "limit", group: "Money", plain: "It is {limit}.", measures: "What it measures.", exactly: "For an order: it must be at most the limit.",
  asked_of: "every order", on_breach: "denied", only: [], per: "total", unit: "money", scopes: ["firm", "account", "agent", "client"], input: "money", low: null, high: null,
  choices: [], default: null, unset: "", together: "", doc: `docs/rules.md#${name}`, ...more,
});

export const ORDER = rule("order_notional_max", { plain: "One order may open at most {limit}." });
export const LOSS = rule("daily_loss_max", { group: "Losses", plain: "A loss of more than {limit} in a day stops trading.", on_breach: "denied and whoever the limit is of is halted" });
export const RATE = rule("order_rate_max", { group: "Speed", plain: "Orders come no faster than {limit}.", unit: "rate", input: "rate" });
export const COOLDOWN = rule("loss_cooldown", { kind: "term", group: "Losses", plain: "Nobody can start again before {limit}.", unit: "seconds", input: "wait", low: 0, high: 1_000_000_000, choices: ["review"], default: 0 });
export const EXPIRY = rule("approval_expiry_s", { kind: "term", group: "Approvals", plain: "An order waits at most {limit} for people.", unit: "seconds", input: "whole", low: 1, high: 86_400, default: 300 });
export const NAMES = rule("instruments_blocked", { group: "What may be traded", plain: "These may never be traded: {limit}.", unit: "names", input: "names" });
export const SIDES = rule("sides_allowed", { group: "What may be traded", plain: "Only these sides: {limit}.", unit: "names", input: "names", choices: ["buy", "sell"] });
export const HOURS = rule("hours_active", { group: "When", plain: "Only while all of these are open: {limit}.", unit: "names", input: "names" });
export const SHORT = rule("short_allowed", { group: "What may be traded", plain: "Selling what is not held is {limit}.", unit: "quantity", input: "word", choices: ["allowed", "blocked"] });
export const COUNT = rule("positions_max", { plain: "At most {limit} instruments.", unit: "count", input: "whole", low: 0, high: 1000 });
export const AGE = rule("mark_age_max", { group: "Prices", plain: "No price older than {limit}.", unit: "seconds", input: "whole", low: 0, high: 1_000_000_000 });
export const BPS = rule("slippage_max_bps", { group: "Prices", plain: "At most {limit} of slippage.", unit: "bps", input: "whole", low: 0, high: 1_000_000 });
export const SURE = rule("confidence_min", { plain: "At least this sure: {limit}.", unit: "ratio", input: "ratio" });
export const QUORUM = rule("quorum_notional_min", { group: "Approvals", plain: "Several approve {limit} or more.", together: "approval_quorum" });
export const MANY = rule("approval_quorum", { group: "Approvals", plain: "So many approve: {limit}.", unit: "count", input: "whole", low: 1, high: 9, together: "quorum_notional_min" });
export const FACT = rule("mark_fresh", { kind: "fact", group: "Always checked", plain: "There is a mark.", input: "none", scopes: [] });
export const RULES = [ORDER, COUNT, SURE, NAMES, SIDES, SHORT, AGE, BPS, HOURS, RATE, QUORUM, MANY, LOSS, COOLDOWN, FACT];

export const ROGUE: MandateRow = {
  subject: "agent:rogue", number: 2, mandate: { order_notional_max: "4000", order_rate_max: { count: 5, per_s: 60 } }, in_force: true, currency: "USD", at: NOON,
  by: { name: "ann", role: "operator" }, why: "the starter preset", expires_at: null, preset: "starter",
};

export const FIRST: Version = {
  subject: "agent:rogue", number: 1, mandate: { order_notional_max: "1000" }, currency: "USD", digest: "0".repeat(64), at: NOON, by: { name: "bob", role: "operator" },
  why: "to begin with", expires_at: null, preset: "", changed: { order_notional_max: [null, "1000"] },
};
export const SECOND: Version = { ...FIRST, number: 2, mandate: ROGUE.mandate as Mandate, by: { name: "ann", role: "operator" }, why: "the starter preset", changed: { order_notional_max: ["1000", "4000"] } };

export const compared = (changes: [field: string, before: unknown, after: unknown, way: string][], more: Partial<Compared> = {}): Compared => ({
  subject: "agent:rogue", number: 2, changes: changes.map(([field, before, after, way]) => ({ field, before, after, way })),
  loosens: changes.filter(([, , , way]) => way === "looser").map(([field]) => field), second_person: "", unread: [], ...more,
});

/** What the API answers of limits; a diff is told of the worth of an order alone. */
export const LIMITS = {
  ...HOUSE,
  "GET /v1/rules": page(...RULES),
  "GET /v1/mandates": page(ROGUE, { subject: "agent:idle", number: null, mandate: null, in_force: false, currency: "USD" }),
  "GET /v1/mandates/{subject}": ROGUE,
  "GET /v1/mandates/{subject}/history": page(FIRST, SECOND),
  "GET /v1/mandates/effective": { path: ["firm", "agent:rogue"], missing: [], limits: [], terms: [] },
  "GET /v1/proposals": page(),
  "GET /v1/presets": page({ preset: "starter", purpose: "A first account.", needs: [], settings: [{ scope: "agent", field: "order_notional_max", value: "100", where: "both" }] }),
  "GET /v1/agents": page(),
  "GET /v1/clients": page(),
  "POST /v1/mandates/lint": page(),
  "POST /v1/mandates/diff": ({ body }) => {
    const { order_notional_max: now = null } = Object.values(body?.mandates ?? {})[0] ?? {};
    if (now === "4000") return page(compared([]));
    return page(compared([["order_notional_max", "4000", now, now !== null && Number(now) < 4000 ? "tighter" : "looser"]]));
  },
  "POST /v1/mandates/what-if": {
    from_at: NOON, to_at: NOON, judged: 430, tighter: 0, looser: 1, was: { deny: 1 }, would: { allow: 1 },
    flips: [{
      seq: 9, at: NOON, order: "r1-9", agent: "rogue", client: "", instrument: "GOOG", side: "buy", quantity: "12", was: "deny", would: "allow", looser: true,
      findings: [{ rule: "order_notional_max", subject: "agent:rogue", limit: "4000", actual: "6044.04", unit: "USD" }],
    }],
    needless: [{ halt: "H-1", subject: "agent:rogue", rule: "daily_loss_max", at: NOON, actual: "513.51", limit: "500", would: "5000", orders: 40 }],
  },
  "PUT /v1/mandates/{subject}": { seq: 20, at: NOON, events: [{ event: "took" }] },
} satisfies Answers;
