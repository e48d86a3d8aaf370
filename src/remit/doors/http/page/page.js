// The page of approvals. It decides nothing: it shows what the API tells, as text and never as markup, and sends what
// a person presses. Times of the API are beyond what a number holds exactly, so only its seconds are read.

const [main, note, who, out] = ["main", "note", "who", "out"].map((id) => document.getElementById(id));
const ANSWERED = {
  released: "Approved: the order may go out.",
  waiting: "Your approval is counted. More people are needed.",
  denied: "Judged again and denied: nothing goes out.",
  over: "The order is over: nothing goes out.",
};
const ANSWERS = ["operator", "approver", "owner"];
const AWAY = "The guard is away: nothing can be approved or declined until it answers.";
const keys = new Map();
let csrf = "";
let again = null; // what is shown anew when the person comes back to the page
let clocks = [];

/** Make an element with these properties and children; a text among them stays text. */
function el(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Show these elements alone, and say something above them. */
function render(said, warn, ...elements) {
  again = null;
  main.replaceChildren(...elements);
  clocks = clocks.filter((clock) => clock.at.isConnected);
  say(said, warn);
}

function say(said, warn) {
  note.textContent = said;
  note.className = warn ? "warn" : "";
}

/** Ask the API; what is thrown has `code`, `detail`, `fix`. An answer that is sent twice from this page acts once. */
async function ask(path, body) {
  const options = { cache: "no-store" };
  const once = body !== undefined && path.startsWith("/v1/approvals/");
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json", "X-Remit-CSRF": csrf };
    const request = path + options.body;
    if (once && !keys.has(request)) keys.set(request, `page-${crypto.randomUUID()}`);
    if (once) options.headers["Idempotency-Key"] = keys.get(request);
  }
  let answer, told;
  try {
    answer = await fetch(path, options);
    told = await answer.json();
  } catch {
    throw { status: 504, once, detail: "The door does not answer", fix: "Look whether remit up runs" };
  }
  if (!answer.ok) throw { ...told, once };
  return told;
}

/** A button that does something once at a time; what fails is said, and the page stays as it is. */
function button(text, type, act) {
  const made = el("button", { type, textContent: text });
  if (type === "button") made.addEventListener("click", () => during(made, act));
  return made;
}

function form(act, submit, ...children) {
  const made = el("form", {}, ...children, submit);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!submit.disabled) during(submit, act);
  });
  return made;
}

async function during(pressed, act) {
  pressed.disabled = true;
  say("", false);
  try {
    await act();
  } catch (problem) {
    if (problem.status === 401 && csrf) failed(problem);
    else say(worded(problem), true);
  } finally {
    pressed.disabled = false;
  }
}

function worded({ status, once, detail, fix }) {
  const said = `${detail ?? "this page has a fault"}. ${fix ?? "Load it anew"}.`;
  if (status === 504 && once) return `It is not known whether this took effect. ${said} Press again: it acts once.`;
  return status === 503 || status === 504 ? `${AWAY} ${said}` : said;
}

/** Show what stands against showing anything. */
function failed(problem, used = "") {
  if (problem.status !== 401) return render(worded(problem), true, button("Try again", "button", start));
  signedOut(`${used}You are signed out.${problem.code === "not_authenticated" ? " Your session has ended." : ""}`);
}

// Signing in and out

function field(label, properties) {
  const input = el("input", { required: true, ...properties });
  return { input, label: el("label", {}, label, input) };
}

/** Ask for a field, or for the time being not. */
function need(asked, needed = true) {
  asked.label.hidden = !needed;
  asked.input.required = needed;
  if (needed) asked.input.focus();
}

function signedOut(said) {
  csrf = who.textContent = "";
  out.hidden = true;
  const name = field("Name", { name: "person", autocomplete: "username", autocapitalize: "none" });
  const password = field("Password", { name: "password", type: "password", autocomplete: "current-password" });
  const code = field("Code of your app", { name: "code", autocomplete: "one-time-code", inputMode: "numeric" });
  const chosen = field("New password (12 characters or more)", { type: "password", autocomplete: "new-password" });
  const twice = field("New password again", { type: "password", autocomplete: "new-password" });
  const app = el("p", {});
  [code, chosen, twice].forEach((made) => need(made, false));

  async function enter() {
    if (chosen.input.value !== twice.input.value) return say("The two new passwords differ.", true);
    const sent = { person: name.input.value, password: password.input.value };
    if (code.input.value) sent.code = code.input.value.replaceAll(" ", "");
    if (chosen.input.value) sent.new_password = chosen.input.value;
    try {
      await ask("/v1/session/password", sent);
    } catch (problem) {
      code.input.value = ""; // each counts once
      const enrol = problem.more?.enrol;
      if (problem.code === "password_change_needed") {
        [twice, chosen].forEach((made) => need(made));
      } else if (problem.code === "second_factor_needed" && (enrol || problem.more?.factors?.includes("totp"))) {
        need(code);
        if (enrol) {
          const link = el("a", { href: enrol.uri }, "open the app");
          app.replaceChildren("Add this to an app for codes: ", el("code", {}, enrol.secret), " ", link);
        }
      }
      throw problem;
    }
    await show();
  }

  const labels = [name, password, chosen, twice].map((made) => made.label);
  render(said, false, el("h2", {}, "Sign in"), form(enter, button("Sign in", "submit"), ...labels, app, code.label),
    el("p", {}, "On the machine itself: ", el("code", {}, "remit open")));
  name.input.focus();
}

async function signOut() {
  await ask("/v1/session/sign-out", { everywhere: false });
  signedOut("You are signed out.");
}

// What waits

function clock(seconds) {
  const shown = { at: el("span", {}), ends: Date.now() + seconds * 1000 };
  clocks.push(shown);
  tick(shown);
  return shown.at;
}

function tick({ at, ends }) {
  const left = Math.max(Math.floor((ends - Date.now()) / 1000), 0);
  const said = left ? `${Math.floor(left / 60)} min ${left % 60} s` : "over: it has lapsed";
  if (at.textContent !== said) at.textContent = said;
}

function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== null && value !== "");
  return el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** The numbers that speak against an order, the worst first. */
function worst(row) {
  const { headroom: room, drift } = row;
  const bound = drift.limit_bps === null ? "no limit on it" : `at most ${drift.limit_bps} bps`;
  const moved = drift.bps === null ? "not known: no price" : `${drift.bps} bps, from ${drift.from} to ${drift.to}`;
  return [
    ["Worth at most", `${row.worth} ${row.currency}`], ["Worst price", row.worst_price],
    ["Left with it", room === null ? "no limit counts it"
      : `${room.headroom ?? "not known"} of ${room.limit} ${room.unit}: ${room.rule} of ${room.subject}`],
    ["Market moved against it", `${moved}; ${bound}${drift.fresh ? "" : "; the price is not fresh"}`],
    ["Time left", clock(row.expires_in_s)],
  ];
}

function people(row) {
  const of = row.quorum ? `, of a quorum of ${row.quorum}` : "";
  return [["People needed", `${row.needed} more${of}`], ["Approved by", row.approved_by.join(", ")]];
}

const terms = (row) => `${row.side} ${row.quantity} ${row.instrument}`;

async function list() {
  const { items } = await ask("/v1/approvals");
  const rows = items.map((row) => el("li", {},
    el("a", { href: `/approvals/${encodeURIComponent(row.order)}` }, terms(row)),
    facts([...worst(row), ["Agent", row.agent], ["Mode", row.environment], ...people(row)])));
  const found = rows.length ? el("ul", { className: "held" }, ...rows) : el("p", {}, "Nothing waits for approval.");
  render("", false, el("h2", {}, `Waiting for approval: ${rows.length}`), found, button("Look again", "button", list));
  again = list;
}

async function one(order, role) {
  const path = `/v1/approvals/${encodeURIComponent(order)}`;
  let row;
  try {
    row = await ask(path);
  } catch (problem) {
    if (problem.code !== "not_found") throw problem;
    const told = await ask(`/v1/orders/${encodeURIComponent(order)}/approval`);
    return done(`Order ${order} does not wait for approval. Its answer: ${told.answer} ${told.why}`, false);
  }
  const shown = facts([
    ...worst(row), ["Agent", row.agent], ["Client", row.client], ["Asked by", row.asked_by], ["Account", row.account],
    ["Mode", row.environment], ["Connection", row.connection], ["Category", row.category], ["Type", row.type],
    ["Limit price", row.limit_price], ["Exit", row.exit], ...people(row), ["Digest of its thought", row.thought],
    ["Order", row.order], ["Digest", el("code", {}, row.digest)],
  ]);
  const findings = el("ul", {}, ...row.findings.map((finding) => el("li", {}, finding.sentence)));
  const head = el("h2", {}, terms(row));
  render("", false, head, shown, el("h2", {}, "Why it waits"), findings, ...answers(row, path, role));
}

/** The ways to answer. An approval names the digest of the row that is shown, not of what may be there by now. */
function answers(row, path, role) {
  if (!ANSWERS.includes(role)) return [el("p", {}, `You see this as ${role}; others answer it.`)];
  const why = field("Why not", { name: "why", maxLength: 500, autocomplete: "off" });
  const approve = button("Approve", "button", async () => {
    const told = await ask(`${path}/approve`, { digest: row.digest });
    const findings = told.decision?.findings ?? [];
    const said = findings.map((of) =>
      el("li", {}, `${of.rule} of ${of.subject}: ${of.actual} where ${of.limit} ${of.unit} is the limit`));
    done(`${ANSWERED[told.answer]} ${told.why}`, ["denied", "over"].includes(told.answer), el("ul", {}, ...said));
  });
  const decline = form(async () => {
    await ask(`${path}/decline`, { why: why.input.value });
    done("Declined: nothing goes out.", false);
  }, button("Decline", "submit"), why.label);
  return [row.yours_counts ? approve : el("p", {}, "Your approval does not count for this order."), decline];
}

function done(said, warn, ...more) {
  render(said, warn, ...more, el("p", {}, el("a", { href: "/" }, "What waits now")));
}

// From the address to what is shown

async function show() {
  const me = await ask("/v1/session");
  csrf = me.csrf;
  who.textContent = `${me.name}, ${me.role}`;
  out.hidden = false;
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
    if (used) say(used, true);
  } catch (problem) {
    failed(problem, used);
  }
}

out.addEventListener("click", () => during(out, signOut));
addEventListener("hashchange", start);
addEventListener("pageshow", (event) => event.persisted && start()); // what Back shows may be long over
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && again) again().catch(failed);
});
setInterval(() => clocks.forEach(tick), 1000);
start();
