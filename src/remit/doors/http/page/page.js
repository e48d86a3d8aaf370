// The page of approvals. It decides nothing: it shows what the API tells, as text and never as markup, and sends what
// a person presses. Times of the API are beyond what a number holds exactly, so only its seconds are read.

import { ask, isSignedIn, sentence, signedInBy, worded } from "./ask.js";
import { isAble, own, signIn } from "./passkeys.js";
import {
  button, clock, comeBackTo, during, el, facts, field, form, grouped, heading, render, say, whenSignedOut,
} from "./shown.js";

const [who, you, out] = ["who", "you", "out"].map((id) => document.getElementById(id));
const ANSWERED = {
  released: "Approved: the order may go out.",
  waiting: "Your approval is counted. More people are needed.",
  denied: "Judged again and denied: nothing goes out.",
  over: "The order is over: nothing goes out.",
};
const STANDS = {
  not_needed: "It needed no approval.", waiting: "It waits for others.", released: "It was approved.",
  declined: "It was declined.", lapsed: "Nobody answered in time: it has lapsed.",
  denied: "It was judged again and denied.", withdrawn: "It was withdrawn.",
};
const MODES = { live: "live: real money", training: "training: no real money" };
const ANSWERS = ["operator", "approver", "owner"];

/** Show what stands against showing anything. */
function failed(problem, used = "") {
  if (problem.status !== 401) return render(worded(problem), "warn", button("Try again", start));
  if (problem.code === "sign_in_again") return signedOut(worded(problem), "warn");
  const ended = problem.code !== "token_missing" || isSignedIn();
  signedOut(`${used}You are signed out.${ended ? " Your session has ended: sign in again." : ""}`, used || ended ? "warn" : "");
}

// Signing in and out

/** Ask for a field, or for the time being not. */
function need(asked, needed = true) {
  asked.label.hidden = !needed;
  asked.input.required = needed;
  if (needed) asked.input.focus();
}

function signedOut(said, tone) {
  signedInBy("");
  who.textContent = "";
  you.hidden = out.hidden = true;
  const name = field("Name", { name: "person", autocomplete: "username", autocapitalize: "none", spellcheck: false });
  const password = field("Password", { name: "password", type: "password", autocomplete: "current-password" });
  const code = field("Code of your app", { name: "code", autocomplete: "one-time-code", inputMode: "numeric" });
  const chosen = field("New password (12 characters or more)", { type: "password", autocomplete: "new-password" });
  const twice = field("New password again", { type: "password", autocomplete: "new-password" });
  const app = el("p", {});
  const passkey = button("Sign in with a passkey", async () => {
    await signIn();
    await show();
  });
  [code, chosen, twice].forEach((made) => need(made, false));

  async function enter() {
    if (chosen.input.value !== twice.input.value) return say("The two new passwords differ.", "warn");
    const sent = { person: name.input.value, password: password.input.value };
    if (code.input.value) sent.code = code.input.value.replaceAll(" ", "");
    if (chosen.input.value) sent.new_password = chosen.input.value;
    try {
      await ask("/v1/session/password", sent);
    } catch (problem) {
      code.input.value = ""; // each counts once
      const { enrol, factors = [] } = problem.more ?? {};
      if (problem.code === "password_change_needed") {
        [twice, chosen].forEach((made) => need(made));
      } else if (problem.code === "second_factor_needed" && (enrol || factors.includes("totp"))) {
        need(code);
        if (enrol) {
          const link = el("a", { href: enrol.uri }, "open the app");
          app.replaceChildren("Add this to an app for codes: ", el("code", {}, enrol.secret), " ", link);
        }
      } else if (problem.code === "second_factor_needed" && factors.includes("passkey") && isAble) {
        passkey.focus();
      }
      throw problem;
    }
    await show();
  }

  const labels = [name, password, chosen, twice].map((made) => made.label);
  render(said, tone, heading("Sign in"), form(enter, { text: "Sign in", className: "main" }, ...labels, app, code.label),
    isAble ? passkey : null, el("p", { className: "soft" }, "On the machine itself: ", el("code", {}, "remit open")));
  name.input.focus();
}

async function signOut() {
  await ask("/v1/session/sign-out", { everywhere: false });
  signedOut("You are signed out.");
}

// What waits

/** The numbers that speak against an order, the worst first. */
function worst(row) {
  const { headroom: room, drift } = row;
  const bound = drift.limit_bps === null ? "no limit on it" : `at most ${drift.limit_bps} bps`;
  const moved = drift.bps === null ? "not known: no price"
    : `${grouped(drift.bps)} bps, from ${grouped(drift.from)} to ${grouped(drift.to)}`;
  return [
    ["Worth at most", el("strong", {}, `${grouped(row.worth)} ${row.currency}`)], ["Time left", clock(row.expires_in_s)],
    ["Worst price", grouped(row.worst_price)],
    ["Left with it", room === null ? "no limit counts it"
      : `${grouped(room.headroom ?? "not known")} of ${grouped(room.limit)} ${room.unit}: ${room.rule} of ${room.subject}`],
    ["Market moved against it", `${moved}; ${bound}${drift.fresh ? "" : "; the price is not fresh"}`],
  ];
}

function people(row) {
  const of = row.quorum ? `, of a quorum of ${row.quorum}` : "";
  return [["People needed", `${row.needed} more${of}`], ["Approved by", row.approved_by.join(", ")]];
}

const terms = (row) => `${row.side} ${grouped(row.quantity)} ${row.instrument}`;
const mode = (row) => el("span", { className: `mode ${row.environment}` }, MODES[row.environment] ?? row.environment);

async function list() {
  const { items } = await ask("/v1/approvals");
  const rows = items.map((row) => el("li", {},
    el("div", { className: "head" }, el("a", { href: `/approvals/${encodeURIComponent(row.order)}` }, terms(row)), mode(row)),
    facts([...worst(row), ["Agent", row.agent], ...people(row)])));
  const found = rows.length ? el("ul", { className: "held" }, ...rows) : el("p", {}, "Nothing waits for approval.");
  render("", "", heading(`Waiting for approval: ${rows.length}`), found, button("Look again", list));
  comeBackTo(list);
}

async function one(order, role) {
  const path = `/v1/approvals/${encodeURIComponent(order)}`;
  let row;
  try {
    row = await ask(path);
  } catch (problem) {
    if (problem.code !== "not_found") throw problem;
    return await over(order);
  }
  const findings = [...row.findings].sort((one, other) => excess(other) - excess(one));
  render("", "", heading(terms(row), mode(row)), facts(worst(row)),
    el("h3", {}, "Why it waits"), el("ul", {}, ...findings.map((finding) => el("li", {}, explained(finding)))),
    el("h3", {}, "Who asks"), facts([
      ["Agent", row.agent], ["Client", row.client], ["Asked by", row.asked_by], ["Account", row.account],
      ["Type", row.type], ["Limit price", row.limit_price && grouped(row.limit_price)], ["Exit", row.exit], ...people(row),
    ]),
    ...answers(row, path, role),
    el("h3", {}, "To compare"), facts([
      ["Order", row.order], ["Connection", row.connection], ["Category", row.category],
      ["Digest of its thought", row.thought && el("code", {}, row.thought)], ["Digest", el("code", {}, row.digest)],
    ]));
}

function explained({ sentence, limit, actual, unit, subject }) {
  const rule = sentence.replace(`${limit} ${unit}`, () => `${grouped(limit)} ${unit}`);
  return `${rule} Here it is ${grouped(actual)} ${unit}; the limit is of ${subject}.`;
}

/** How far a finding is beyond its limit, to sort by alone. */
function excess({ actual, limit }) {
  const ratio = Number(actual) / Number(limit);
  return Number.isNaN(ratio) ? -1 : ratio;
}

/** Say how it stands with an order that waits no more. */
async function over(order, said = "") {
  const told = await ask(`/v1/orders/${encodeURIComponent(order)}/approval`);
  const why = told.why ? ` What was said: ${told.why}` : "";
  done(`${said}Order ${order} does not wait for approval. ${STANDS[told.answer] ?? told.answer}${why}`, "");
}

/** The ways to answer. An approval names the digest of the row that is shown, not of what may be there by now. */
function answers(row, path, role) {
  if (!ANSWERS.includes(role)) return [el("p", {}, `You see this as ${role}; others answer it.`)];
  const answered = (act) => async () => {
    try {
      await act();
    } catch (problem) {
      if (problem.code !== "not_held") throw problem;
      await over(row.order, "Somebody was quicker, or its time was up. ");
    }
  };
  const why = field("Why not", { name: "why", maxLength: 500, autocomplete: "off" });
  const approve = button("Approve", answered(async () => {
    const told = await ask(`${path}/approve`, { digest: row.digest });
    const stopped = (told.decision?.findings ?? []).filter(({ verdict = "deny" }) => verdict === "deny");
    const rules = stopped.map((of) =>
      el("li", {}, `${of.rule} of ${of.subject}: ${grouped(of.actual)}; the limit is ${grouped(of.limit)} ${of.unit}`));
    const tone = ["denied", "over"].includes(told.answer) ? "warn" : "good";
    const why = told.why && !rules.length ? ` ${sentence(told.why)}` : "";
    done(ANSWERED[told.answer] + why, tone, heading(terms(row), mode(row)), rules.length ? el("ul", {}, ...rules) : null);
  }), { className: "main" });
  const decline = form(answered(async () => {
    await ask(`${path}/decline`, { why: why.input.value });
    done("Declined: nothing goes out.", "good", heading(terms(row), mode(row)));
  }), { text: "Decline" }, why.label);
  return [row.yours_counts ? approve : el("p", {}, "Your approval does not count for this order."), decline];
}

function done(said, tone, ...more) {
  render(said, tone, ...more, el("p", {}, el("a", { href: "/" }, "What waits now")));
  document.querySelector("main a").focus();
}

// From the address to what is shown

async function show() {
  const me = await ask("/v1/session");
  signedInBy(me.csrf);
  who.textContent = `${me.name}, ${me.role}`;
  you.hidden = out.hidden = false;
  const order = /^\/approvals\/([^/]+)\/?$/.exec(location.pathname);
  await (order ? one(decodeURIComponent(order[1]), me.role) : list());
}

/** Sign in by the code of `remit open`; what is to be said where it is worth nothing. */
async function enterBy(code) {
  try {
    await ask("/v1/session/code", { code });
  } catch (problem) {
    if (problem.code !== "sign_in_failed") throw problem;
    return "This code does not sign in: it works once, for a minute. ";
  }
  return "";
}

async function start() {
  const code = /^#code=(\w+)$/.exec(location.hash);
  if (location.hash) history.replaceState(null, "", location.pathname); // before anything can keep it
  let used = "";
  try {
    if (code) used = await enterBy(code[1]);
    await show(); // a session from before goes on beside a code that is worth nothing
    if (used) say(used, "warn");
  } catch (problem) {
    failed(problem, used);
  }
}

whenSignedOut(failed);
out.addEventListener("click", () => during(out, signOut));
you.addEventListener("click", () => during(you, own));
addEventListener("hashchange", start);
addEventListener("pageshow", (event) => event.persisted && start()); // what Back shows may be long over
start();
