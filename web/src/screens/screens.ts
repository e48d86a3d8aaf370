// Every screen, in the order of the menu. A row is all that a new one needs: it is loaded when somebody goes there, and gets
// what stands in its address as `params`.

import type { ComponentType } from "react";
import { lazily } from "../frame/lazily";

export interface Screen {
  path: string;
  name: string;
  /** Under which head the menu shows it; screens of one thing are reached from their list. */
  group?: "Watch" | "Decide" | "Limits" | "Stop" | "Prove" | "Set up";
  /** What is counted beside its name. */
  counts?: "approvals" | "halts";
  screen: ComponentType<any>; // each has params of its own
}

export const SCREENS: readonly Screen[] = [
  { path: "/", name: "Overview", group: "Watch", screen: lazily(() => import("./overview/Overview")) },
  { path: "/decisions", name: "Decisions", group: "Watch", screen: lazily(() => import("./decisions/Decisions")) },
  { path: "/orders/:order", name: "Order", screen: lazily(() => import("./orders/Order")) },
  { path: "/positions", name: "Positions", group: "Watch", screen: lazily(() => import("./positions/Positions")) },
  { path: "/positions/:instrument", name: "Position", screen: lazily(() => import("./positions/Position")) },
  { path: "/approvals", name: "Approvals", group: "Decide", counts: "approvals", screen: lazily(() => import("./approvals/Approvals")) },
  { path: "/approvals/:order", name: "Approval", screen: lazily(() => import("./approvals/Approval")) },
  { path: "/safeguards", name: "Safeguards", group: "Limits", screen: lazily(() => import("./safeguards/Safeguards")) },
  { path: "/mandates", name: "Mandates", group: "Limits", screen: lazily(() => import("./mandates/Mandates")) },
  { path: "/mandates/:subject", name: "Mandate", screen: lazily(() => import("./mandates/Mandate")) },
  { path: "/agents", name: "Agents", group: "Limits", screen: lazily(() => import("./agents/Agents")) },
  { path: "/agents/:agent", name: "Agent", screen: lazily(() => import("./agents/Agent")) },
  { path: "/halts", name: "Halts", group: "Stop", counts: "halts", screen: lazily(() => import("./halts/Halts")) },
  { path: "/proof", name: "Proof", group: "Prove", screen: lazily(() => import("./proof/Proof")) },
  { path: "/settings", name: "Settings", group: "Set up", screen: lazily(() => import("./settings/Settings")) },
  { path: "/start", name: "Start", group: "Set up", screen: lazily(() => import("./start/Start")) },
];
