// As much of a browser as the page's script needs, for tests where there is none: elements, an address, a cookie.
// It reads one JSON command a line: {"open": url}, {"fill": {label: value}}, {"press": text}, {"cut": whether
// answers are lost on their way}; after each it waits until nothing is under way and writes what can be seen. Setting markup is a fault, as in the page's rules.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import vm from "node:vm";

const [script, html] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
const send = globalThis.fetch;
let cookie = "", pending = 0, cut = false, page;

class Element {
  constructor(tag) {
    Object.assign(this, { tag, children: [], parent: null, listeners: {}, hidden: false, disabled: false, value: "" });
  }
  set innerHTML(_) { throw new Error("markup"); }
  set outerHTML(_) { throw new Error("markup"); }
  get textContent() { return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join(""); }
  set textContent(text) { this.children = text === "" ? [] : [String(text)]; }
  get isConnected() { return this === page.main || (this.parent !== null && this.parent.isConnected); }
  append(...children) {
    for (const child of children) {
      if (child instanceof Element) child.parent = this;
      this.children.push(child instanceof Element ? child : String(child));
    }
  }
  replaceChildren(...children) {
    for (const child of this.children) if (child instanceof Element) child.parent = null;
    this.children = [];
    this.append(...children);
  }
  addEventListener(name, act) { (this.listeners[name] ??= []).push(act); }
  fire(name) { for (const act of this.listeners[name] ?? []) act({ preventDefault() {} }); }
  focus() {}
  *all() {
    yield this;
    for (const child of this.children) if (child instanceof Element) yield* child.all();
  }
  seen() {
    if (this.hidden) return "";
    const said = this.children.map((child) => (typeof child === "string" ? child : child.seen())).join("");
    return ["span", "code", "a"].includes(this.tag) ? said : `${said}\n`;
  }
}

async function fetched(path, options = {}) {
  pending += 1;
  try {
    const headers = { ...options.headers, Cookie: cookie, Origin: page.url.origin };
    const answer = await send(new URL(path, page.url), { ...options, headers });
    const set = answer.headers.get("set-cookie");
    if (set) cookie = set.split(";")[0];
    page.sent.push({ path, method: options.method ?? "GET", body: options.body ?? "", key: options.headers?.["Idempotency-Key"] ?? "", status: answer.status });
    if (cut) throw new TypeError("the link broke");
    return answer;
  } finally {
    setTimeout(() => { pending -= 1; }, 5); // what follows from the answer may ask again
  }
}

function open(address) {
  const url = new URL(address);
  if (page) clearInterval(page.timer);
  const named = {};
  for (const [, tag, id, more, text] of html.matchAll(/<(\w+) id="(\w+)"([^>]*)>([^<]*)/g)) {
    named[id] = Object.assign(new Element(tag), { textContent: text, type: "button", hidden: more.includes("hidden") });
  }
  page = { ...named, url, sent: [], timer: 0 };
  const location = { get hash() { return page.url.hash; }, get pathname() { return page.url.pathname; } };
  const document = {
    getElementById: (id) => named[id], createElement: (tag) => new Element(tag), addEventListener() {}, visibilityState: "visible",
  };
  const context = {
    document, location, fetch: fetched, crypto: globalThis.crypto, addEventListener() {},
    history: { replaceState: (_, __, to) => { page.url = new URL(to, page.url); } },
    setInterval: (act, ms) => { page.timer = setInterval(act, ms); },
  };
  vm.runInNewContext(`"use strict"; ${script}`, context, { filename: "page.js" });
}

const shown = () => [...page.main.all(), page.out].filter((element) => {
  for (let at = element; at; at = at.parent) if (at.hidden) return false;
  return true;
});

function found(tag, text) {
  const element = shown().find((one) => one.tag === tag && one.textContent === text);
  if (!element) throw new Error(`no ${tag} ${text}`);
  return element;
}

function act(command) {
  cut = command.cut ?? cut;
  if (command.open) open(command.open);
  for (const [label, value] of Object.entries(command.fill ?? {})) {
    found("label", label).children.find((child) => child.tag === "input").value = value;
  }
  if (command.press) {
    const pressed = found("button", command.press);
    if (pressed.type !== "submit") return pressed.fire("click");
    const form = pressed.parent;
    const empty = [...form.all()].some((one) => one.tag === "input" && one.required && !one.value);
    if (!empty) form.fire("submit"); // a browser submits no form that lacks what is required
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let fault = "";
  try {
    act(JSON.parse(line));
    await new Promise((resolve) => setTimeout(resolve, 10));
    while (pending) await new Promise((resolve) => setTimeout(resolve, 5));
  } catch (error) {
    fault = String(error);
  }
  const links = shown().filter((one) => one.tag === "a").map((one) => one.href);
  const told = { fault, address: page.url.href, who: page.who.textContent, note: page.note.seen().trim(), main: page.main.seen(), links, sent: page.sent };
  process.stdout.write(`${JSON.stringify({ ...told, out: !page.out.hidden })}\n`);
}
process.exit(0);
