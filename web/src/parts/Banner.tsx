// What has to be seen before anything else on a screen.

import type { ReactNode } from "react";

export type Tone = "plain" | "main" | "good" | "warn" | "bad";

interface BannerProps {
  tone: Tone;
  children: ReactNode;
  action?: ReactNode;
  /** Read aloud as it appears: at once (`alert`), or when there is a pause (`status`). */
  role?: "alert" | "status";
}

export function Banner({ tone, children, action, role }: BannerProps) {
  return (
    <div className={`banner ${tone}`} role={role}>
      <div>{children}</div>
      {action}
    </div>
  );
}

/** A word or two about how something stands; the word says it, the colour only helps to find it. */
export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}
