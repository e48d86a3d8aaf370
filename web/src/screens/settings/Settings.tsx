// What is set up: who may act, by what, where it is told, and what models may cost. Each part has an address of its own.

import { Tabs } from "radix-ui";
import { type ComponentType, useEffect, useRef } from "react";
import { useLocation, useSearchParams } from "wouter";
import { Page } from "../../parts/Page";
import { Budgets } from "./Budgets";
import { Connections } from "./Connections";
import { Notifications } from "./Notifications";
import { People } from "./People";
import { Tokens } from "./Tokens";
import { You } from "./You";
import "./settings.css";

const PARTS: readonly [part: string, name: string, shown: ComponentType][] = [
  ["connections", "Connections", Connections],
  ["tokens", "Tokens", Tokens],
  ["budgets", "Budgets", Budgets],
  ["notifications", "Notifications", Notifications],
  ["people", "People", People],
  ["you", "You", You],
];

export default function Settings() {
  const [search] = useSearchParams();
  const [, navigate] = useLocation();
  const wanted = search.get("part");
  const part = PARTS.some(([name]) => name === wanted) ? (wanted ?? "") : "connections";
  const tabs = useRef<HTMLDivElement>(null);
  useEffect(() => { // on a phone the chosen one may stand beyond the edge
    tabs.current?.querySelector('[data-state="active"]')?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [part]);
  return (
    <Page title="Settings" lead="Who and what is connected, by which token, and who is told.">
      <Tabs.Root className="stack" value={part} onValueChange={(chosen) => navigate(`/settings?part=${chosen}`, { replace: true })}>
        <Tabs.List ref={tabs} className="settings-tabs" aria-label="Settings">
          {PARTS.map(([value, name]) => <Tabs.Trigger key={value} value={value}>{name}</Tabs.Trigger>)}
        </Tabs.List>
        {PARTS.map(([value, , Shown]) => <Tabs.Content key={value} value={value} className="stack"><Shown /></Tabs.Content>)}
      </Tabs.Root>
    </Page>
  );
}
