// In place of a screen whose file did not come. As soon as there is a page again all of it is loaded anew, by itself and once.

import { useEffect, useState } from "react";
import { compare } from "../api/build";
import { Banner } from "../parts/Banner";
import { Button } from "../parts/Button";
import { Page } from "../parts/Page";

const AGAIN_MS = 1000;
const YOUNG_MS = 60_000;

export function Missing() {
  const [isLast] = useState(isAgain);
  useEffect(() => (isLast ? undefined : whenThere(() => location.reload())), [isLast]);
  return (
    <Page title="This screen did not come">
      <Banner tone={isLast ? "bad" : "warn"} role="alert" action={<Button onClick={() => location.reload()}>Load the page anew</Button>}>
        {isLast ? (
          <><strong>A part of this page is missing,</strong> and it was loaded anew for that a moment ago. If once more does not help, start <code>remit up</code> again.</>
        ) : (
          <><strong>A part of this page is missing.</strong> The page is loaded anew by itself as soon as the door answers.</>
        )}
      </Banner>
    </Page>
  );
}

/** Whether this page was loaded anew just now, so that it is not done for ever. */
function isAgain(): boolean {
  const [how] = performance.getEntriesByType("navigation");
  return (how as PerformanceNavigationTiming | undefined)?.type === "reload" && performance.now() < YOUNG_MS;
}

/** Call `then` as soon as the door has a page; what is returned stops that. */
function whenThere(then: () => void): () => void {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = async (): Promise<void> => {
    const isThere = await compare();
    if (isOver) return;
    if (isThere) then();
    else timer = setTimeout(() => void look(), AGAIN_MS);
  };
  void look();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
