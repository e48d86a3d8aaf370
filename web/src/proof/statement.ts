// A statement of the guard (docs/attestation.md): a signed note whose text is a line with its kind, and one line of JSON.

import { hex, sha256, utf8, Wrong } from "./bytes";
import { opened, type Key, type Standing } from "./note";

const DOMAIN = "remit-attestation-1";

export interface Statement {
  version: string;
  python: string;
  code: string;
  packages: { [name: string]: string };
  kernel: string;
  mandates: string;
  log_key: string;
  size: number;
  root: string;
  permit_key: string;
  nonce: string;
  at: number;
}

export interface Stated {
  statement: Statement;
  /** By what hardware names a statement: SHA-256 of its text. */
  digest: string;
  standing: Standing;
}

/** What a note states, checked with a journal's key and against the nonce that was asked with; Wrong. */
export async function stated(note: string, key: Key, nonce: string): Promise<Stated> {
  const [body, standing] = await opened(note, key);
  const [domain, line = "", end, ...more] = body.split("\n");
  if (domain !== DOMAIN || end !== "" || more.length > 0) throw new Wrong("what was signed is no statement of this version");
  const statement = parsed(line);
  if (statement.nonce !== nonce) throw new Wrong("it answers another nonce: it may be an old statement, played back");
  return { statement, digest: hex(await sha256(utf8(body))), standing };
}

function parsed(line: string): Statement {
  try {
    return JSON.parse(line) as Statement;
  } catch {
    throw new Wrong("what was signed is no statement");
  }
}

/** 32 random bytes in hex, which no earlier answer can hold. */
export const freshNonce = (): string => hex(crypto.getRandomValues(new Uint8Array(32)));
