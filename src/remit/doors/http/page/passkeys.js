// Passkeys: this device proves who is there, with a finger, a face or a PIN of its own.

import { ask } from "./ask.js";
import { button, el, field, form, heading, render, say } from "./shown.js";

/** Whether this browser can. */
export const isAble = typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === "function";
const TOLD = {
  NotAllowedError: ["The device gave no passkey: it was refused, or took too long", "Try again"],
  InvalidStateError: ["This device has a passkey of yours already", "Sign in with it"],
  SecurityError: ["The browser allows no passkey at this address", "Open the page by its own name, over https"],
};

/** Sign in with what this device holds; what is thrown can be told. */
export async function signIn() {
  const { ceremony, options } = await ask("/v1/session/passkey/options", undefined, "POST");
  const response = await answered(options.publicKey.rpId, () =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) }));
  try {
    await ask("/v1/session/passkey", { ceremony, response });
  } catch (problem) {
    if (problem.code !== "sign_in_failed") throw problem;
    const fix = "Sign in with your password or by remit open, and add it anew under Passkeys";
    throw { ...problem, detail: "This passkey signs nobody in: it may have been removed here", fix };
  }
}

async function add(name) {
  const { ceremony, options } = await ask("/v1/me/passkeys/options", undefined, "POST");
  const response = await answered(options.publicKey.rp.id, () =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey) }));
  await ask("/v1/me/passkeys", { ceremony, response, name });
}

/** What the device answers. A passkey belongs to one name, and a browser refuses every other without saying which. */
async function answered(site, asked) {
  const here = location.hostname;
  if (here !== site && !here.endsWith(`.${site}`)) {
    const there = site === "localhost" ? `http://localhost:${location.port}` : `https://${site}`;
    throw { detail: `Passkeys belong to ${site}, and this page is open at ${here}`, fix: `Open it at ${there}` };
  }
  try {
    return (await asked()).toJSON();
  } catch (fault) {
    const [detail, fix] = TOLD[fault.name] ?? [`The device gave no passkey (${fault.name})`, "Try again"];
    throw { detail, fix };
  }
}

/** Show a person's own passkeys, to add one and to do without one. */
export async function own(said = "") {
  const me = await ask("/v1/session");
  const rows = me.passkeys.map((key) => {
    const added = new Date(Number(key.added_at) / 1e6).toLocaleDateString("en-GB", { dateStyle: "medium" });
    const remove = button("Remove", async () => {
      const { signed_out: ended } = await ask(`/v1/me/passkeys/${encodeURIComponent(key.id)}`, undefined, "DELETE");
      await own(`Removed: ${key.name}.${ended ? ` Your other sessions have ended: ${ended}.` : ""}`);
    }, { className: "small", ariaLabel: `Remove ${key.name}` });
    return el("li", {}, el("span", {}, el("strong", {}, key.name), ` added ${added}`), remove);
  });
  const name = field("What you call it", { name: "passkey", maxLength: 64, autocomplete: "off", placeholder: "phone" });
  const adding = form(async () => {
    await add(name.input.value);
    await own(`Added: ${name.input.value}. From now on you can sign in with it.`);
  }, { text: "Add a passkey", className: "main" }, name.label);
  const unknown = `${me.name} is no person of the book yet, and only people have passkeys. On the machine: `;
  const how = !me.known ? el("p", {}, unknown, el("code", {}, `remit person add ${me.name} --role ${me.role}`))
    : isAble ? adding : el("p", {}, "This browser is too old for passkeys.");
  render(said, "good", heading("Your passkeys"),
    el("p", {}, "A passkey is held by a device, which asks for your finger, face or PIN. It takes the place of password and code."),
    rows.length ? el("ul", { className: "rows" }, ...rows) : el("p", {}, "You have none."), how,
    el("p", {}, el("a", { href: "/" }, "What waits now")));
}
