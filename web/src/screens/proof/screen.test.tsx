import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import vectors from "../../../../tests/vectors/journal.json";
import type { Status } from "../../api/schema";
import { hex, unbase64, utf8 } from "../../proof/bytes";
import { api, broken, refused, type Answers } from "../../testing/fake";
import { ANN, HOUSE, NOON, page, STATUS } from "../../testing/house";
import { show } from "../../testing/show";
import { keepKey } from "./kept";
import Proof from "./Proof";
import { indented } from "./Receipt";

const HEAD = vectors.trees.find(({ size }) => size === 700) ?? expect.fail("no tree of 700");
const ROOT = hex(unbase64(HEAD.root) ?? expect.fail());
const HEADS = { key: vectors.key.verifier, newest: { size: 700, root: ROOT, note: HEAD.checkpoint }, cosigned: null };
const HERE = { ...HOUSE, "GET /v1/agents": page<never>(), "GET /v1/journal/heads": HEADS } satisfies Answers;

const pair = async (name: string, type: number) => {
  const made = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const raw = Uint8Array.of(type, ...new Uint8Array(await crypto.subtle.exportKey("raw", made.publicKey)));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.of(...utf8(`${name}\n`), ...raw))).slice(0, 4);
  const line = async (message: string, time: Uint8Array = new Uint8Array()) =>
    `\u2014 ${name} ${btoa(String.fromCharCode(...hash, ...time, ...new Uint8Array(await crypto.subtle.sign("Ed25519", made.privateKey, utf8(message)))))}\n`;
  return { written: `${name}+${hex(hash)}+${btoa(String.fromCharCode(...raw))}`, line };
};

beforeEach(() => keepKey(""));

test("the head is checked in the page, and a key from elsewhere finds another journal", async () => {
  api(HERE);
  const { user } = show(<Proof />);
  expect(await screen.findByText("holds: checked in this page")).toBeTruthy();
  expect(screen.getByText("700")).toBeTruthy();
  expect(screen.getByText("none: no witness signs heads of this journal")).toBeTruthy();
  const other = await pair("remit.example/journal", 1);
  const field = screen.getByLabelText("The journal's key, from elsewhere");
  await user.type(field, "no key");
  await user.click(screen.getByRole("button", { name: "Check with it" }));
  expect((await screen.findByRole("alert")).textContent).toContain("this is no key");
  await user.clear(field);
  await user.click(field);
  await user.paste(other.written);
  await user.click(screen.getByRole("button", { name: "Check with it" }));
  expect(await screen.findByText("This server names another key than the one you keep.")).toBeTruthy();
  expect(await screen.findByText(/It is not signed by the key/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Forget it" }));
  expect(await screen.findByText("holds: checked in this page")).toBeTruthy();
});

test("witnesses: whose line holds, since when, and who keeps from signing; exports with how late they are", async () => {
  const [witness, silent] = [await pair("elsewhere/w1", 4), await pair("elsewhere/w2", 4)];
  const body = HEAD.checkpoint.slice(0, HEAD.checkpoint.indexOf("\n\n") + 1);
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, 1_780_000_000n);
  const note = HEAD.checkpoint + await witness.line(`cosignature/v1\ntime 1780000000\n${body}`, time);
  const status: Status = {
    ...STATUS,
    anchors: {
      needed: 1, witnessed: 700, folder: { size: 690, why: "the disk is full" },
      witnesses: [
        { name: "elsewhere/w1", url: "https://w1", key: witness.written, size: 700, at: 1_780_000_000, why: "" },
        { name: "elsewhere/w2", url: "https://w2", key: silent.written, size: 0, at: null, why: "it has not answered yet" },
      ],
    },
    exports: [{ to: "/mnt/auditor", size: 600, root: "", at: NOON, lag_entries: 100, lag_s: 75, late: true, fault: "" }],
  };
  api({ ...HERE, "GET /v1/status": status, "GET /v1/journal/heads": { ...HEADS, cosigned: { size: 700, root: ROOT, note, cosigned_by: ["elsewhere/w1"] } } });
  show(<Proof />);
  expect(await screen.findByText("its line holds")).toBeTruthy();
  expect(screen.getByText("no line on it")).toBeTruthy();
  const witnesses = within(await screen.findByRole("table", { name: "Witnesses" }));
  expect(witnesses.getByText("it has not answered yet")).toBeTruthy();
  expect(screen.getByText(/takes no newer one: the disk is full/)).toBeTruthy();
  expect(within(screen.getByRole("table", { name: "Exports" })).getByText("100 entries, 75 s")).toBeTruthy();
  expect(screen.getByText("late")).toBeTruthy();
});

test("an attestation is asked for with a nonce of the page's own, and says what it does not prove", async () => {
  const journal = await pair("desk/journal", 1);
  const statement = { version: "1", python: "CPython 3.11", code: "c".repeat(64), packages: { remit: "d".repeat(64) }, kernel: "", mandates: "e".repeat(64), log_key: journal.written, size: 5, root: "", permit_key: "", at: NOON };
  let nonces: string[] = [];
  const signed = new Map<string, string>();
  const answer = async (nonce: string) => {
    const body = `remit-attestation-1\n${JSON.stringify({ ...statement, nonce })}\n`;
    return `${body}\n${await journal.line(body)}`;
  };
  vi.spyOn(crypto, "getRandomValues").mockImplementation((bytes) => { (bytes as Uint8Array).fill(nonces.length + 7); return bytes; });
  for (const fill of [7, 8]) signed.set(fill.toString(16).padStart(2, "0").repeat(32), await answer(fill.toString(16).padStart(2, "0").repeat(32)));
  const replayed = [...signed.values()][0] ?? "";
  const house = api({
    ...HERE, "GET /v1/journal/heads": { ...HEADS, key: journal.written },
    "GET /v1/attestation": ({ params }) => { nonces = [...nonces, params.nonce ?? ""]; return { note: signed.get(params.nonce ?? "") ?? "" }; },
  });
  const { user } = show(<Proof />);
  await user.click(await screen.findByRole("button", { name: "Ask for one" }));
  expect(await screen.findByText("Signed by the journal's key, for this nonce.")).toBeTruthy();
  expect(nonces[0]).toBe("07".repeat(32));
  expect(screen.getByText(/Which machine it was/)).toBeTruthy();
  house.now({ "GET /v1/attestation": { note: replayed } });
  await user.click(screen.getByRole("button", { name: "Ask again" }));
  expect((await screen.findByRole("alert")).textContent).toContain("It answers another nonce");
});

test("evidence is fetched as a file, and what refuses it is said", async () => {
  const house = api({ ...HERE, "GET /v1/evidence/{of}": refused(503, "busy", { detail: "another question is being worked on", fix: "try again in a moment" }) });
  const { user } = show(<Proof />);
  await user.selectOptions(await screen.findByLabelText("Of"), "order");
  expect(screen.queryByRole("button", { name: /Download the evidence/ })).toBeNull();
  await user.type(screen.getByLabelText("Order"), "r1a2b3c4d-17");
  await user.click(screen.getByRole("button", { name: "Download the evidence of r1a2b3c4d-17" }));
  expect((await screen.findByRole("alert")).textContent).toContain("Another question is being worked on.");
  const clicked = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
  house.now({ "GET /v1/evidence/{of}": "zip" as never });
  await user.click(screen.getByRole("button", { name: "Download the evidence of r1a2b3c4d-17" }));
  await waitFor(() => expect(clicked).toHaveBeenCalled());
  expect((clicked.mock.contexts[0] as HTMLAnchorElement).download).toBe("r1a2b3c4d-17-evidence.zip");
});

test("a receipt that somebody has is checked from its file", async () => {
  api(HERE);
  const { user } = show(<Proof />);
  await screen.findByText("holds: checked in this page");
  const file = screen.getByLabelText("Or a file");
  await user.upload(file, new File([vectors.receipts[3] ?? ""], "257.tlog-proof", { type: "text/plain" }));
  expect(await screen.findByText(/^Entry \d+ holds\.$/)).toBeTruthy();
  await user.upload(file, new File(["no receipt"], "x.tlog-proof", { type: "text/plain" }));
  expect((await screen.findByRole("alert")).textContent).toContain("It is no receipt");
});

test("where the browser computes nothing, that is said, and nothing is claimed", async () => {
  vi.stubGlobal("crypto", { subtle: undefined, randomUUID: () => "x" });
  api(HERE);
  show(<Proof />);
  expect(await screen.findByText(/not checked: this page came without TLS/)).toBeTruthy();
  expect(screen.queryByText("holds: checked in this page")).toBeNull();
  expect((screen.getByRole("button", { name: "Ask for one" }) as HTMLButtonElement).disabled).toBe(true);
});

test("who does not see everything is offered no evidence; away is said", async () => {
  const house = api(HERE);
  const owner = show(<Proof />, { me: { ...ANN, role: "owner" } });
  await screen.findByText("holds: checked in this page");
  expect(screen.queryByText("Exports")).toBeNull();
  owner.unmount();
  house.now({ "GET /v1/journal/heads": broken, "GET /v1/status": broken });
  show(<Proof />);
  expect((await screen.findAllByRole("alert"))[0]?.textContent).toContain("The door does not answer.");
});

test("an entry is given room, and its numbers stay as they are written", () => {
  expect(indented('{"at":1795233953567862265,"s":"a,{b:\\"","l":[],"o":{"x":[1,2]}}')).toBe(
    '{\n  "at": 1795233953567862265,\n  "s": "a,{b:\\"",\n  "l": [],\n  "o": {\n    "x": [\n      1,\n      2\n    ]\n  }\n}',
  );
});
