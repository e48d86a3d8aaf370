// C2SP signed notes (c2sp.org/signed-note): a text, a blank line, and signature lines. Heads of the journal are such notes,
// and so are statements of the guard.

import { hex, joined, same, sha256, signed, unbase64, utf8, Wrong, type Bytes } from "./bytes";

const LOG = 1; // signature types of the specification: Ed25519 over the text,
const WITNESS = 4; // and cosignature/v1, over a time and the text
const LINE = /^\u2014 ([^ ]+) ([^ ]+)$/;
const LINE_BYTES_MIN = 5;

/** A public key, written `name+hash+key`. */
export interface Key {
  name: string;
  hash: Bytes;
  type: number;
  bytes: Bytes;
}

/** Whether a signature holds: `unchecked` where this browser cannot tell. What does not hold is thrown as Wrong. */
export type Standing = "holds" | "unchecked";

/** The key that a text spells; Wrong. */
export async function keyOf(written: string): Promise<Key> {
  const [name = "", stated = "", ...rest] = written.trim().split("+");
  const raw = unbase64(rest.join("+"));
  if (!/^[^\s+]+$/.test(name) || raw?.length !== 33) throw new Wrong("this is no key: it is written name+hash+key");
  const hash = (await sha256(utf8(`${name}\n`), raw)).slice(0, 4);
  if (hex(hash) !== stated) throw new Wrong("the key does not match its own hash: copy all of it again");
  const type = raw[0] ?? 0;
  if (type !== LOG && type !== WITNESS) throw new Wrong("the key is of a type that is not known here");
  return { name, hash, type, bytes: raw.slice(1) };
}

/** The same, of a journal: a witness's key is none. */
export async function journalKeyOf(written: string): Promise<Key> {
  const key = await keyOf(written);
  if (key.type !== LOG) throw new Wrong("this is a witness's key, not a journal's");
  return key;
}

interface Line {
  name: string;
  hash: Bytes;
  rest: Bytes;
}

/** The text of a note and its signature lines, none of them checked; Wrong. */
function parts(note: string): [string, Line[]] {
  const blank = note.lastIndexOf("\n\n");
  if (blank < 0 || !note.endsWith("\n") || blank + 2 === note.length) throw new Wrong("the head has no signature");
  const body = note.slice(0, blank + 1);
  if (/[\u0000-\u0009\u000b-\u001f]/.test(body)) throw new Wrong("the signed text has control characters");
  return [body, note.slice(blank + 2, -1).split("\n").map(lineOf)];
}

function lineOf(written: string): Line {
  const found = LINE.exec(written);
  const raw = unbase64(found?.[2] ?? "");
  if (!found || !raw || raw.length < LINE_BYTES_MIN) throw new Wrong("a line of a signature is malformed");
  return { name: found[1] ?? "", hash: raw.slice(0, 4), rest: raw.slice(4) };
}

const isOf = (line: Line, key: Key): boolean => line.name === key.name && same(line.hash, key.hash);

/** The text of a note that a journal's key signed, and whether that could be checked; Wrong where it did not sign it. */
export async function opened(note: string, key: Key): Promise<[string, Standing]> {
  const [body, lines] = parts(note);
  const own = lines.filter((line) => isOf(line, key));
  if (own.length === 0) throw new Wrong(`it is not signed by the key of ${key.name} that it is checked with`);
  let standing: Standing = "holds";
  for (const { rest } of own) {
    const holds = await signed(key.bytes, rest, utf8(body));
    if (holds === false) throw new Wrong(`the signature of ${key.name} does not fit: what was signed is something else`);
    if (holds === null) standing = "unchecked";
  }
  return [body, standing];
}

/** Who else has a line on a note, by name; nothing of it is checked. */
export function others(note: string, key: Key): string[] {
  return parts(note)[1].filter((line) => !isOf(line, key)).map(({ name }) => name);
}

/** When a witness says that it cosigned (seconds since the epoch), and whether that could be checked; null where it has no
 * line on the note. Wrong where its line does not hold. */
export async function cosigned(note: string, key: Key): Promise<{ atS: number; standing: Standing } | null> {
  const [body, lines] = parts(note);
  const line = lines.find((one) => isOf(one, key));
  if (!line) return null;
  if (line.rest.length !== 72) throw new Wrong(`the line of ${key.name} is malformed`);
  const at = new DataView(line.rest.buffer, line.rest.byteOffset).getBigUint64(0);
  const message = joined(utf8(`cosignature/v1\ntime ${at}\n`), utf8(body));
  const holds = await signed(key.bytes, line.rest.slice(8), message);
  if (holds === false) throw new Wrong(`the signature of the witness ${key.name} does not fit this head`);
  return { atS: Number(at), standing: holds === null ? "unchecked" : "holds" };
}
