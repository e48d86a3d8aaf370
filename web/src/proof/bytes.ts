// Bytes as the formats of proofs write them, and the one hash that they use.

export type Bytes = Uint8Array<ArrayBuffer>;

/** What does not hold, in a sentence for people. */
export class Wrong extends Error {}

const encoder = new TextEncoder();

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** Text that is UTF-8; Wrong. */
export function text(bytes: Bytes): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Wrong("it is no UTF-8 text");
  }
}

/** The bytes that base64 spells; null for every spelling but the one that encoding them gives. */
export function unbase64(written: string): Bytes | null {
  try {
    const bytes = Uint8Array.from(atob(written), (letter) => letter.charCodeAt(0));
    return base64(bytes) === written ? bytes : null;
  } catch {
    return null;
  }
}

export function base64(bytes: Bytes): string {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

export const hex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function joined(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const same = (one: Bytes, other: Bytes): boolean => one.length === other.length && one.every((byte, at) => byte === other[at]);

/** Whether this browser can hash and check signatures here: only on https, or on the machine itself. */
export const canProve = (): boolean => globalThis.crypto?.subtle !== undefined;

export async function sha256(...parts: readonly Bytes[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

/** Whether an Ed25519 signature holds; null where this browser cannot tell. */
export async function signed(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean | null> {
  try {
    const known = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", known, signature, message);
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "DataError") return false; // no point of the curve
    return null;
  }
}
