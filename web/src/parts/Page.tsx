// One screen: its title, what can be done with all of it, and its sections.

import { useEffect, useId, useRef, type ReactNode } from "react";

interface PageProps {
  title: string;
  /** One sentence below the title. */
  lead?: ReactNode;
  /** Buttons beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}

const began = location.pathname;
let hasMoved = false;

/** A screen. Its title is the window's too. Where one came from another screen it takes the focus, so that the next key and what
 * reads aloud begin there; a page that was just loaded begins at its top, with the way past the menu. */
export function Page({ title, lead, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Remit`;
    hasMoved ||= location.pathname !== began;
    if (hasMoved) heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div className="page stack">
      <header className="page-head row apart">
        <div>
          <h1 ref={heading} tabIndex={-1}>{title}</h1>
          {lead && <p className="soft">{lead}</p>}
        </div>
        {actions && <div className="row">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface SectionProps {
  title: string;
  actions?: ReactNode;
  /** No room around what is inside: for tables and lists that reach from side to side. */
  flush?: boolean;
  children: ReactNode;
}

/** A part of a screen, on a card of its own. */
export function Section({ title, actions, flush = false, children }: SectionProps) {
  const id = useId();
  return (
    <section className={flush ? "section flush" : "section"} aria-labelledby={id}>
      <header className="row apart">
        <h2 id={id}>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  );
}
