// Receipts of the journal, C2SP tlog-proof (c2sp.org/tlog-proof): one entry, the hashes beside its path in the tree, and a
// signed head. All of it is checked here, with nothing but the file and a key.

import { hex, same, sha256, text, unbase64, Wrong, type Bytes } from "./bytes";
import { opened, type Key, type Standing } from "./note";

const FORMAT = "c2sp.org/tlog-proof@v1";
const PLACE = /^index (0|[1-9][0-9]{0,18})$/;
const SIZE = /^(0|[1-9][0-9]{0,18})$/;
const HASH_BYTES = 32;
const PATH_MAX = 63;
const ENTRY_BYTES_MAX = 65_535;
const BYTES_MAX = 1 << 20;

/** A signed head: so many entries, and the root of the tree over them. */
export interface Head {
  size: bigint;
  root: Bytes;
  standing: Standing;
}

export interface Receipt {
  /** The place in the tree, from 0. */
  index: bigint;
  /** The entry, byte by byte as it stands in the journal. */
  entry: Bytes;
  path: Bytes[];
  note: string;
}

/** What a receipt proved: this entry stands at this place, under this head. */
export interface Proven {
  seq: bigint;
  entry: string;
  leaf: string;
  root: string;
  size: bigint;
  hashes: number;
  /** Whether the signature under the head could be checked in this browser. */
  standing: Standing;
}

/** The receipt that a file spells, in the one spelling of it; Wrong. Nothing is proved by that yet. */
export function parse(source: string): Receipt {
  if (source.length > BYTES_MAX) throw new Wrong("it is too large for a receipt");
  const cut = source.indexOf("\n\n");
  const [format, extra = "", place = "", ...hashes] = source.slice(0, Math.max(cut, 0)).split("\n");
  const found = PLACE.exec(place);
  if (format !== FORMAT || !extra.startsWith("extra ") || !found) {
    throw new Wrong(`it is no receipt: that begins with ${FORMAT}, the record, and its place`);
  }
  const entry = unbase64(extra.slice("extra ".length));
  const path = hashes.map(unbase64);
  if (!entry || entry.length === 0 || entry.length > ENTRY_BYTES_MAX || entry.includes(10)) throw new Wrong("the record in it is none");
  if (path.length > PATH_MAX || !path.every((one) => one?.length === HASH_BYTES)) throw new Wrong("a hash of its path is malformed");
  return { index: BigInt(found[1] ?? ""), entry, path: path as Bytes[], note: source.slice(cut + 2) };
}

/** The head that a key signed for the journal of its own name; Wrong. */
export async function headOf(note: string, key: Key): Promise<Head> {
  const [body, standing] = await opened(note, key);
  const [origin, size = "", written = "", ...more] = body.slice(0, -1).split("\n");
  const root = unbase64(written);
  if (origin !== key.name) throw new Wrong(`the head is of ${origin}, not of ${key.name}`);
  if (!SIZE.test(size) || root?.length !== HASH_BYTES || more.includes("")) throw new Wrong("the head is malformed");
  return { size: BigInt(size), root, standing };
}

export const leafOf = (entry: Bytes): Promise<Bytes> => sha256(Uint8Array.of(0), entry);
const nodeOf = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(Uint8Array.of(1), left, right);

/** The root that a leaf's path leads to (RFC 9162, 2.1.3.2); null where the path is not of such a tree. */
export async function rootOf(leaf: Bytes, index: bigint, size: bigint, path: readonly Bytes[]): Promise<Bytes | null> {
  if (index >= size) return null;
  let [node, last, running] = [index, size - 1n, leaf];
  for (const sibling of path) {
    if (last === 0n) return null;
    if (node & 1n || node === last) {
      running = await nodeOf(sibling, running);
      while (!(node & 1n) && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else {
      running = await nodeOf(running, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n ? running : null;
}

/** Check a receipt with a journal's key; Wrong at the first thing that does not hold. */
export async function prove(source: string, key: Key): Promise<Proven> {
  const receipt = parse(source);
  const head = await headOf(receipt.note, key);
  const leaf = await leafOf(receipt.entry);
  const root = await rootOf(leaf, receipt.index, head.size, receipt.path);
  const seq = receipt.index + 1n;
  if (!root || !same(root, head.root)) throw new Wrong(`entry ${seq}, as it stands here, is not in the journal that was signed`);
  const entry = text(receipt.entry);
  if (numberOf(entry) !== seq) throw new Wrong(`entry ${seq} calls itself by another number`);
  return { seq, entry, leaf: hex(leaf), root: hex(root), size: head.size, hashes: receipt.path.length, standing: head.standing };
}

function numberOf(entry: string): bigint | null {
  try {
    const told: unknown = JSON.parse(entry);
    const seq = (told as { command?: { seq?: unknown } } | null)?.command?.seq;
    return Number.isSafeInteger(seq) ? BigInt(seq as number) : null;
  } catch {
    return null;
  }
}

