// What is pressed.

import type { ButtonHTMLAttributes, ReactNode } from "react";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `main` is the one thing to do here, `danger` what cannot be undone, `quiet` has no border. */
  tone?: "plain" | "main" | "danger" | "quiet";
  /** Something is under way: it cannot be pressed, and keeps the focus. */
  busy?: boolean;
  children: ReactNode;
}

export function Button({ tone = "plain", busy = false, type = "button", onClick, className = "", ...more }: ButtonProps) {
  return (
    <button
      {...more}
      type={type}
      className={`button ${tone} ${className}`.trim()}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}
