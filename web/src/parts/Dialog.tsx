// Something in front of the page: the browser's own dialog keeps the focus inside, closes on Escape and gives the focus back.

import { useEffect, useId, useRef, type ReactNode } from "react";
import { Button } from "./Button";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** `side` comes in from the edge, for what leads elsewhere. */
  place?: "middle" | "side";
  children: ReactNode;
}

export function Dialog({ open, onClose, title, place = "middle", children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    if (open && shown && !shown.open) shown.showModal();
    if (!open && shown?.open) shown.close();
  }, [open]);
  return (
    <dialog ref={dialog} className={`dialog ${place}`} aria-labelledby={id} onClose={() => open && onClose()} onClick={(event) => event.target === dialog.current && onClose()}>
      {open && (
        <div className="stack">
          <header className="row apart">
            <h2 id={id}>{title}</h2>
            <Button tone="quiet" onClick={onClose} aria-label="Close">✕</Button>
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}
