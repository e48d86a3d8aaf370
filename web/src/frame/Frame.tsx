// What stands around every screen: the mode, the way elsewhere, who is signed in, and whatever stops trading.

import { Suspense, useState } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import type { Me } from "../api/schema";
import { useAct, useAsked } from "../api/use";
import { signedOut } from "../api/session";
import { Refused, Waiting } from "../parts/Asked";
import { Button } from "../parts/Button";
import { Dialog } from "../parts/Dialog";
import { Page } from "../parts/Page";
import { Toasts } from "../parts/Toast";
import { Passkeys } from "../screens/sign-in/Passkeys";
import { SCREENS } from "../screens/screens";
import { Away } from "./App";
import { Caught } from "./Caught";
import { Pulse } from "./Pulse";
import { LookChoice } from "./LookChoice";
import { Mode } from "./Mode";
import { Menu, Tabs } from "./Menu";
import { Newer } from "./Newer";
import { Stops } from "./Stops";

export function Frame({ me }: { me: Me }) {
  const status = useAsked("GET /v1/status", {});
  const [open, setOpen] = useState<"more" | "passkeys" | null>(null);
  const [place] = useLocation();
  const counts = { approvals: status.data?.approvals ?? 0, halts: (status.data?.halts.length ?? 0) + (status.data?.pauses.length ?? 0) };
  const close = (): void => setOpen(null);
  return (
    <div className="frame">
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to what is shown</a>
      <Mode status={status} />
      <header className="top row apart">
        <Link href="/" className="brand">Remit</Link>
        <Pulse />
        <span className="who" id="who">{me.name}, {me.role}</span>
        <div className="row own">
          <LookChoice />
          <Button tone="quiet" onClick={() => setOpen("passkeys")}>Passkeys</Button>
          <SignOut />
        </div>
      </header>
      <Menu counts={counts} place={place} />
      <main id="main" tabIndex={-1}>
        <Away />
        <Newer />
        {place !== "/halts" && <Stops status={status.data} />}
        <Caught key={place}>
          <Suspense fallback={<Waiting />}>
            <Switch>
              {SCREENS.map(({ path, screen }) => <Route key={path} path={path} component={screen} />)}
              <Route><Nowhere /></Route>
            </Switch>
          </Suspense>
        </Caught>
      </main>
      <Tabs counts={counts} place={place} onMore={() => setOpen("more")} />
      <Dialog open={open === "more"} onClose={close} title="Remit" place="side">
        <Menu counts={counts} place={place} onGo={close} />
        <hr />
        <LookChoice />
        <Button onClick={() => setOpen("passkeys")}>Passkeys</Button>
        <SignOut />
      </Dialog>
      <Dialog open={open === "passkeys"} onClose={close} title="Your passkeys"><Passkeys /></Dialog>
      <Toasts />
    </div>
  );
}

function SignOut() {
  const { act, busy, problem } = useAct("POST /v1/session/sign-out");
  const leave = async (): Promise<void> => {
    if (await act({}, { everywhere: false })) signedOut("You are signed out.");
  };
  return <><Button tone="quiet" busy={busy} onClick={() => void leave()}>Sign out</Button><Refused problem={problem} /></>;
}

function Nowhere() {
  return <Page title="There is nothing here"><p>Nothing stands at this address. <Link href="/">Go to the overview</Link></p></Page>;
}
