// The same files that every implementation of these formats is tried with: what holds, and what no verifier may take.

import { afterEach, expect, test, vi } from "vitest";
import vectors from "../../../tests/vectors/journal.json";
import { hex, unbase64, utf8 } from "./bytes";
import { cosigned, journalKeyOf, keyOf, opened, others } from "./note";
import { headOf, leafOf, prove, rootOf } from "./receipt";
import { stated } from "./statement";

const key = await journalKeyOf(vectors.key.verifier);
const bytes = (written: string) => unbase64(written) ?? expect.fail(`no base64: ${written}`);
const entry = (index: number) => utf8(`{"command":{"seq":${index + 1}}}`);
const root = (size: number) => bytes(vectors.trees.find((tree) => tree.size === size)?.root ?? "");

afterEach(() => vi.restoreAllMocks());

test.each(vectors.trees)("the head of $size entries holds", async ({ size, checkpoint, root }) => {
  const head = await headOf(checkpoint, key);
  expect([head.size, hex(head.root), head.standing]).toEqual([BigInt(size), hex(bytes(root)), "holds"]);
});

test.each(vectors.inclusion)("the path of entry $index leads to the root of $size", async ({ size, index, path }) => {
  const found = await rootOf(await leafOf(entry(index)), BigInt(index), BigInt(size), path.map(bytes));
  expect(found && hex(found)).toBe(hex(root(size)));
});

test("a path leads nowhere else", async () => {
  for (const { size, index, path } of vectors.inclusion) {
    const leaf = await leafOf(entry(index));
    const other = await rootOf(leaf, BigInt(index + 1), BigInt(size), path.map(bytes));
    expect(other && hex(other)).not.toBe(hex(root(size)));
    expect(await rootOf(leaf, BigInt(index), BigInt(size), [...path, path[0] ?? ""].map((one) => bytes(one || vectors.trees[0]!.root)))).toBeNull();
  }
});

test.each(vectors.receipts)("receipt %#  holds", async (receipt) => {
  const proven = await prove(receipt, key);
  expect(proven.entry).toBe(`{"command":{"seq":${proven.seq}}}`);
  expect([proven.standing, proven.size, proven.root]).toEqual(["holds", 700n, hex(root(700))]);
});

test.each(vectors.refused)("refused: $why", async ({ receipt }) => {
  await expect(prove(receipt, key)).rejects.toThrow(/./);
});

test("no byte of a receipt can be another", async () => {
  const receipt = vectors.receipts[3] ?? "";
  const step = 7; // each would take long, and says no more
  for (let at = 0; at < receipt.length; at += step) {
    const flipped = receipt.slice(0, at) + (receipt[at] === "A" ? "B" : "A") + receipt.slice(at + 1);
    await expect(prove(flipped, key), `byte ${at}`).rejects.toThrow(/./);
  }
});

test("a key is taken in its one spelling, and of a journal", async () => {
  expect((await keyOf(` ${vectors.key.verifier}\n`)).name).toBe("remit.example/journal");
  for (const wrong of ["", "x", `x${vectors.key.verifier}`, vectors.key.verifier.slice(0, -2), vectors.key.verifier.replace("fdc415fd", "fdc415fe")]) {
    await expect(keyOf(wrong), wrong).rejects.toThrow(/key/);
  }
});

test("where the browser knows no Ed25519 the tree is proved, and the signature said to be unchecked", async () => {
  vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(new DOMException("no such curve", "NotSupportedError"));
  expect((await prove(vectors.receipts[0] ?? "", key)).standing).toBe("unchecked");
  const moved = vectors.refused.find(({ why }) => why === "the record is another entry's");
  await expect(prove(moved?.receipt ?? "", key)).rejects.toThrow("is not in the journal");
});

// A journal, its witness and its guard, with keys made here.

const pair = async (name: string, type: number) => {
  const made = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const raw = Uint8Array.of(type, ...new Uint8Array(await crypto.subtle.exportKey("raw", made.publicKey)));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.of(...utf8(`${name}\n`), ...raw))).slice(0, 4);
  const written = `${name}+${hex(hash)}+${btoa(String.fromCharCode(...raw))}`;
  const line = async (message: string, time: Uint8Array = new Uint8Array()) => {
    const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", made.privateKey, utf8(message)));
    return `\u2014 ${name} ${btoa(String.fromCharCode(...hash, ...time, ...signature))}\n`;
  };
  return { written, line };
};

test("a witness's line is checked with its time", async () => {
  const [journal, witness] = [await pair("desk/journal", 1), await pair("elsewhere/w1", 4)];
  const body = `desk/journal\n5\n${vectors.trees[0]!.root}\n`;
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, 1_780_000_000n);
  const note = `${body}\n${await journal.line(body)}${await witness.line(`cosignature/v1\ntime 1780000000\n${body}`, time)}`;
  const [own, known] = [await journalKeyOf(journal.written), await keyOf(witness.written)];
  expect(await cosigned(note, known)).toEqual({ atS: 1_780_000_000, standing: "holds" });
  expect(others(note, own)).toEqual(["elsewhere/w1"]);
  expect(await cosigned(vectors.trees[0]!.checkpoint, known)).toBeNull();
  const forged = `${body}\n${await journal.line(body)}${await witness.line(`cosignature/v1\ntime 1780000001\n${body}`, time)}`;
  await expect(cosigned(forged, known)).rejects.toThrow("elsewhere/w1 does not fit");
  await expect(journalKeyOf(witness.written)).rejects.toThrow("witness's key");
  await expect(opened(note, key)).rejects.toThrow("is not signed by the key");
});

test("a statement answers its nonce, under the journal's key", async () => {
  const journal = await pair("desk/journal", 1);
  const body = `remit-attestation-1\n${JSON.stringify({ nonce: "5f1d", size: 5 })}\n`;
  const note = `${body}\n${await journal.line(body)}`;
  const own = await journalKeyOf(journal.written);
  const found = await stated(note, own, "5f1d");
  expect([found.statement.size, found.standing, found.digest.length]).toEqual([5, "holds", 64]);
  await expect(stated(note, own, "00")).rejects.toThrow("another nonce");
  await expect(stated(note.replace('"size":5', '"size":6'), own, "5f1d")).rejects.toThrow("does not fit");
  await expect(stated(`a\n\n${await journal.line("a\n")}`, own, "")).rejects.toThrow("no statement");
});
