// The whole page: who is signed in sees the frame and its screens, everybody else the way in.

import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { keepWatch } from "../api/attended";
import { keepComparing } from "../api/build";
import { keepLooking, link } from "../api/link";
import { follow } from "../api/live";
import type { Me } from "../api/schema";
import { keepTime, session, whose } from "../api/session";
import { useShared } from "../api/shared";
import { queryClient } from "../api/use";
import { Banner } from "../parts/Banner";
import { Waiting } from "../parts/Asked";
import { toast } from "../parts/Toast";
import { SignIn } from "../screens/sign-in/SignIn";
import { begin } from "../screens/sign-in/entering";
import { Frame } from "./Frame";

export function App() {
  const { me } = useShared(session);
  const how = useShared(link);
  useEffect(keepLooking, []);
  useEffect(keepComparing, []);
  useEffect(() => keepWatch(), []);
  useEffect(() => {
    if (me === undefined && how !== "door" && how !== "guard") void begin();
  }, [me, how]);
  useEffect(() => (me ? keepTime(me) : undefined), [me]);
  useEffect(lookAgain, []);
  useChanged(me);
  if (me) return <Signed key={whose(me)} me={me} />;
  return me === null ? <SignIn /> : <Starting />;
}

/** The page of one person. It goes with them, and with it what they saw and what they typed: it is not for the next. */
function Signed({ me }: { me: Me }) {
  const [queries] = useState(queryClient);
  const first = useRef(me.token);
  useEffect(() => { // a session's stream ends with it: who signed in again follows by the new one
    if (me.token !== first.current) void queries.invalidateQueries();
    return follow(queries);
  }, [queries, me.token]);
  return <QueryClientProvider client={queries}><Frame me={me} /></QueryClientProvider>;
}

/** Find out again who is signed in when somebody comes back to the tab, and when a code is put into its address. */
function lookAgain(): () => void {
  const again = (): void => {
    if (document.visibilityState === "visible") void begin();
  };
  addEventListener("hashchange", again);
  document.addEventListener("visibilitychange", again);
  return () => {
    removeEventListener("hashchange", again);
    document.removeEventListener("visibilitychange", again);
  };
}

/** Say so where this browser was signed in as somebody else while the page was open. */
function useChanged(me: Me | null | undefined): void {
  const before = useRef(me);
  useEffect(() => {
    const was = before.current;
    before.current = me;
    if (was && me && whose(was) !== whose(me)) toast(`You are ${me.name} now, ${me.role}: this browser was signed in anew. What ${was.name} began here is dropped.`);
  }, [me]);
}

function Starting() {
  const how = useShared(link);
  return (
    <main className="alone stack">
      <h1>Remit</h1>
      {how === "starting" || how === "well" ? <Waiting /> : <Away />}
    </main>
  );
}

/** What is said while nothing can be asked. */
export function Away() {
  const how = useShared(link);
  if (how === "starting" || how === "well") return null;
  return (
    <Banner tone="warn" role="alert">
      {how === "door" ? (
        <><strong>Disconnected: the door does not answer.</strong> Look whether <code>remit up</code> runs. It is tried again every second.</>
      ) : (
        <><strong>The guard is away:</strong> nothing is decided, approved or sent until it answers. It is tried again every second.</>
      )}
    </Banner>
  );
}
