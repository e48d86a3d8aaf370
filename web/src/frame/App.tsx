// The whole page: who is signed in sees the frame and its screens, everybody else the way in.

import { QueryClientProvider, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { keepWatch } from "../api/attended";
import { keepComparing } from "../api/build";
import { keepLooking, link } from "../api/link";
import { follow } from "../api/live";
import { keepTime, session } from "../api/session";
import { useShared } from "../api/shared";
import { queryClient } from "../api/use";
import { Banner } from "../parts/Banner";
import { Waiting } from "../parts/Asked";
import { SignIn } from "../screens/sign-in/SignIn";
import { begin } from "../screens/sign-in/entering";
import { Frame } from "./Frame";

export function App() {
  const [queries] = useState(queryClient);
  return <QueryClientProvider client={queries}><Inside /></QueryClientProvider>;
}

function Inside() {
  const { me } = useShared(session);
  const how = useShared(link);
  const queries = useQueryClient();
  const name = me?.name;
  useEffect(keepLooking, []);
  useEffect(keepComparing, []);
  useEffect(() => keepWatch(), []);
  useEffect(() => {
    if (me === undefined && how !== "door" && how !== "guard") void begin();
  }, [me, how]);
  useEffect(() => (me ? keepTime(me) : undefined), [me]);
  useEffect(() => {
    const again = (): void => void begin();
    addEventListener("hashchange", again);
    return () => removeEventListener("hashchange", again);
  }, []);
  useEffect(() => {
    if (name === undefined) return queries.clear(); // what one person saw is not for the next
    return follow(queries);
  }, [name, queries]);
  if (me) return <Frame me={me} />;
  return me === null ? <SignIn /> : <Starting />;
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
