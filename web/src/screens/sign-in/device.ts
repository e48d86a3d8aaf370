// Passkeys: a device proves who is there, with a finger, a face or a PIN of its own.

import { ask } from "../../api/client";
import { Problem, problemOf } from "../../api/problem";

/** Whether this browser can. */
export const isAble = typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === "function";

const TOLD: { [fault: string]: [detail: string, fix: string] } = {
  NotAllowedError: ["the device gave no passkey: it was refused, or took too long", "try again"],
  InvalidStateError: ["this device has a passkey of yours already", "sign in with it"],
  SecurityError: ["the browser allows no passkey at this address", "open the page by its own name, over https"],
};

/** Sign in with what this device holds; Problem. */
export async function signIn(): Promise<void> {
  const { ceremony, options } = await ask("POST /v1/session/passkey/options", {});
  const asked = options["publicKey"] as PublicKeyCredentialRequestOptionsJSON;
  const response = await answered(asked.rpId ?? "", () =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) }));
  try {
    await ask("POST /v1/session/passkey", {}, { ceremony, response });
  } catch (fault) {
    const problem = problemOf(fault);
    if (problem.code !== "sign_in_failed") throw problem;
    const detail = "this passkey signs nobody in: it may have been removed here";
    const fix = "sign in with your password or by remit open, and add it anew under Passkeys";
    throw new Problem({ code: problem.code, status: problem.status, detail, fix });
  }
}

/** Add a passkey of this device under a name; Problem. */
export async function add(name: string): Promise<void> {
  const { ceremony, options } = await ask("POST /v1/me/passkeys/options", {});
  const asked = options["publicKey"] as PublicKeyCredentialCreationOptionsJSON;
  const response = await answered(asked.rp.id ?? "", () =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) }));
  await ask("POST /v1/me/passkeys", {}, { ceremony, response, name });
}

/** What the device answers. A passkey belongs to one name, and a browser refuses every other without saying which. */
async function answered(site: string, asking: () => Promise<Credential | null>): Promise<Record<string, unknown>> {
  const here = location.hostname;
  if (here !== site && !here.endsWith(`.${site}`)) {
    const there = site === "localhost" ? `http://localhost:${location.port}` : `https://${site}`;
    throw new Problem({ code: "other_site", detail: `passkeys belong to ${site}, and this page is open at ${here}`, fix: `open it at ${there}` });
  }
  try {
    const given = (await asking()) as PublicKeyCredential;
    return { ...given.toJSON() };
  } catch (fault) {
    const name = fault instanceof Error ? fault.name : String(fault);
    const [detail, fix] = TOLD[name] ?? [`the device gave no passkey (${name})`, "try again"];
    throw new Problem({ code: "no_passkey", detail, fix });
  }
}
