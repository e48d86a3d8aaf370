// A word about what was just done, which goes by itself. What went wrong stays where it went wrong, and is no toast.

import { Shared, useShared } from "../api/shared";

interface Note {
  id: number;
  text: string;
}

const STAYS_MS = 6000;
/** What is said at the moment. */
export const notes = new Shared<readonly Note[]>([]);
let last = 0;

/** Say in a sentence what was done. */
export function toast(text: string): void {
  const id = ++last;
  notes.set([...notes.get(), { id, text }]);
  setTimeout(() => notes.set(notes.get().filter((note) => note.id !== id)), STAYS_MS);
}

/** Where they appear: once, in the frame. */
export function Toasts() {
  const shown = useShared(notes);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((note) => <p key={note.id}>{note.text}</p>)}
    </div>
  );
}
