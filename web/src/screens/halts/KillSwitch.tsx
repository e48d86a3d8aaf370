// The kill switch: one button that is the same everywhere; what it opens is loaded when it is pressed.

import { Suspense, useState } from "react";
import { lazily } from "../../frame/lazily";
import { Button } from "../../parts/Button";
import { mayStop } from "./causes";
import { useMe } from "./me";

const KillDialog = lazily(() => import("./KillDialog"));

/** `subject` is whom it is about at first: everything, where it is not said. Nothing is shown to who may stop nothing. */
export function KillSwitch({ subject, children = "Kill switch" }: { subject?: string; children?: string }) {
  const [isOpen, setOpen] = useState(false);
  const [wasOpened, setOpened] = useState(false);
  if (!mayStop(useMe())) return null;
  return (
    <>
      <Button tone="danger" onClick={() => { setOpened(true); setOpen(true); }}>{children}</Button>
      {wasOpened && <Suspense><KillDialog open={isOpen} onClose={() => setOpen(false)} {...(subject ? { subject } : {})} /></Suspense>}
    </>
  );
}
