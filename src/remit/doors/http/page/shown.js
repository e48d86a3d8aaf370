// What the page is made of: elements that hold text and never markup, and buttons that do one thing at a time.

import { isSignedIn, worded } from "./ask.js";

const [main, note] = ["main", "note"].map((id) => document.getElementById(id));
let again = null; // what is shown anew when the person comes back to the page
let clocks = [];
let signedOut = null; // what is done where a session turns out to be over

/** Make an element with these properties and children; a text among them stays text. */
export function el(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Show these elements alone, and say something above them. The first heading takes the focus, so that the next key
 * and what reads the page aloud begin there. */
export function render(said, tone, ...elements) {
  again = null;
  main.replaceChildren(...elements.filter((element) => element !== null));
  clocks = clocks.filter((clock) => clock.at.isConnected);
  say(said, tone);
  main.querySelector("h2")?.focus();
}

/** Say something above what is shown: tone "good" or "warn", or none. */
export function say(said, tone = "") {
  note.textContent = said;
  note.className = said && tone;
}

export const heading = (text, ...more) => el("h2", { tabIndex: -1 }, text, ...more);

export function comeBackTo(act) {
  again = act;
}

export function whenSignedOut(act) {
  signedOut = act;
}

/** A button that does something once at a time; what fails is said, and the page stays as it is. */
export function button(text, act, properties = {}) {
  const made = el("button", { type: "button", textContent: text, ...properties });
  made.addEventListener("click", () => during(made, act));
  return made;
}

/** A form that is sent by its last button. */
export function form(act, submit, ...children) {
  const sends = el("button", { type: "submit", textContent: submit.text, className: submit.className ?? "" });
  const made = el("form", {}, ...children, sends);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!sends.disabled) during(sends, act);
  });
  return made;
}

export async function during(pressed, act) {
  pressed.disabled = true;
  say("");
  try {
    await act();
  } catch (problem) {
    if (problem.status === 401 && isSignedIn()) signedOut(problem);
    else say(worded(problem), "warn");
  } finally {
    pressed.disabled = false;
    if (pressed.isConnected && document.activeElement === document.body) pressed.focus(); // it lost it, being disabled
  }
}

/** A labelled input that has to be filled in, unless it says otherwise. */
export function field(label, properties) {
  const input = el("input", { required: true, ...properties });
  return { input, label: el("label", {}, label, input) };
}

export function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== null && value !== "");
  return el("dl", {}, ...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** A number as the API writes it, with its thousands set apart; every other text as it is. */
export function grouped(text) {
  const found = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  return found ? found[1] + found[2].replace(/\B(?=(\d{3})+$)/g, ",") + (found[3] ?? "") : text;
}

/** The time that is left, counted down. */
export function clock(seconds) {
  const shown = { at: el("span", { className: "clock" }), ends: Date.now() + seconds * 1000 };
  clocks.push(shown);
  tick(shown);
  return shown.at;
}

function tick({ at, ends }) {
  const left = Math.max(Math.floor((ends - Date.now()) / 1000), 0);
  const said = left ? `${Math.floor(left / 60)} min ${left % 60} s` : "over: it has lapsed";
  if (at.textContent !== said) at.textContent = said;
  at.classList.toggle("soon", left < 60);
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && again) again().catch((problem) => signedOut(problem));
});
setInterval(() => clocks.forEach(tick), 1000);
