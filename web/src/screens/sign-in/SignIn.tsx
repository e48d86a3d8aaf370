// The way in: password, the code of an app, a passkey, or `remit open` on the machine itself. What else is needed is asked
// for when the guard says so.

import { useEffect, useRef, useState, type FormEvent } from "react";
import { ask } from "../../api/client";
import { link } from "../../api/link";
import { type Problem, problemOf, sentence, worded } from "../../api/problem";
import type { App } from "../../api/schema";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import { Away } from "../../frame/App";
import { LookChoice } from "../../frame/LookChoice";
import { Newer } from "../../frame/Newer";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import { AppSecret } from "./AppSecret";
import { isAble, signIn } from "./device";
import { begin } from "./entering";

/** What the guard asked for beside name and password. */
interface Needs {
  code: boolean;
  password: boolean;
  app: App | null;
}

export function SignIn() {
  const { said } = useShared(session);
  const how = useShared(link);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const passkey = useRef<HTMLDivElement>(null);
  useEffect(() => { document.title = "Sign in · Remit"; }, []);
  const during = async (act: () => Promise<void>): Promise<Problem | null> => {
    setBusy(true);
    setProblem(null);
    try {
      await act();
      await begin();
      return null;
    } catch (fault) {
      const found = problemOf(fault);
      setProblem(found);
      if (wantsPasskey(found)) passkey.current?.querySelector("button")?.focus();
      return found;
    } finally {
      setBusy(false);
    }
  };
  const isWell = how === "well" || how === "starting";
  return (
    <main className="alone stack">
      <header className="row apart"><h1>Remit</h1><LookChoice /></header>
      <Away />
      <Newer />
      {isWell && <Banner tone={problem || said ? "warn" : "plain"} role="status"><span id="note">{problem ? why(problem) : said || "You are signed out."}</span></Banner>}
      <section className="section" aria-labelledby="sign-in">
        <h2 id="sign-in">Sign in</h2>
        <WithPassword busy={busy} during={during} />
        {isAble && <div ref={passkey} className="stack"><hr /><Button busy={busy} onClick={() => void during(signIn)}>Sign in with a passkey</Button></div>}
      </section>
      <p className="small soft">On the machine itself: <code>remit open</code></p>
      <Named at={location} />
    </main>
  );
}

const DIGITS = ["127.0.0.1", "[::1]"];

/** Where this machine's page is by its name: who is signed in there is not here, at an address of digits. */
export function Named({ at: { protocol, hostname, port, pathname } }: { at: Pick<Location, "protocol" | "hostname" | "port" | "pathname"> }) {
  if (!DIGITS.includes(hostname)) return null;
  const name = `localhost${port && `:${port}`}`;
  return <p className="small soft"><code>remit open</code> and passkeys are at <a href={`${protocol}//${name}${pathname}`}>{name}</a>: whoever is signed in there is not signed in here.</p>;
}

function WithPassword({ busy, during }: { busy: boolean; during: (act: () => Promise<void>) => Promise<Problem | null> }) {
  const [needs, setNeeds] = useState<Needs>({ code: false, password: false, app: null });
  const [fault, setFault] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const focus = (name: string): void => form.current?.querySelector<HTMLInputElement>(`[name="${name}"]`)?.focus();
  useEffect(() => focus(needs.code ? "code" : needs.password ? "chosen" : "person"), [needs]);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const given = (name: string): string => form.current?.querySelector<HTMLInputElement>(`[name="${name}"]`)?.value ?? "";
    if (busy) return;
    if (given("chosen") !== given("twice")) return setFault("The two new passwords differ.");
    setFault(null);
    void during(async () => {
      await ask("POST /v1/session/password", {}, {
        person: given("person"),
        password: given("password"),
        ...(given("code") ? { code: given("code").replaceAll(" ", "") } : {}),
        ...(given("chosen") ? { new_password: given("chosen") } : {}),
      });
    }).then((refused) => {
      const code = form.current?.querySelector<HTMLInputElement>('[name="code"]');
      if (refused && code) code.value = ""; // each counts once
      if (refused) setNeeds((before) => needed(refused, before));
    });
  };
  const secret = { type: "password", required: true } as const;
  return (
    <form ref={form} className="stack" onSubmit={submit}>
      <Field label="Name" name="person" autoComplete="username" autoCapitalize="none" spellCheck={false} required />
      <Field label="Password" name="password" autoComplete="current-password" {...secret} />
      {needs.password && (
        <>
          <Field label="New password (12 characters or more)" name="chosen" autoComplete="new-password" {...secret} />
          <Field label="New password again" name="twice" autoComplete="new-password" fault={fault} {...secret} />
        </>
      )}
      {needs.app && (
        <AppSecret app={needs.app} />
      )}
      {needs.code && <Field label="Code of your app" name="code" autoComplete="one-time-code" inputMode="numeric" required />}
      <Button type="submit" tone="main" busy={busy}>Sign in</Button>
    </form>
  );
}

/** Why it was refused; where the API tells a program what to send, what a person does instead. */
const why = (problem: Problem): string =>
  problem.code === "password_change_needed" ? `${sentence(problem.detail)} Choose one of your own below.` : worded(problem);

function needed({ code, more }: Problem, before: Needs): Needs {
  const app = more["enrol"] as App | undefined;
  if (code === "password_change_needed") return { ...before, password: true };
  if (code !== "second_factor_needed" || !(app || factorsOf(more).includes("totp"))) return before;
  return { ...before, code: true, app: app ?? null };
}

const wantsPasskey = ({ code, more }: Problem): boolean =>
  code === "second_factor_needed" && !more["enrol"] && factorsOf(more).includes("passkey") && !factorsOf(more).includes("totp");

const factorsOf = (more: { [name: string]: unknown }): readonly string[] => (more["factors"] as string[] | undefined) ?? [];

