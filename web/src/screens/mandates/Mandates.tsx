// Who has which mandate; one's own drafts; what waits for a second person; what binds an agent in all; and the presets.

import { Link } from "wouter";
import type { MandateRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge, Banner } from "../../parts/Banner";
import { Page, Section } from "../../parts/Page";
import { Table, type Column } from "../../parts/Table";
import { When } from "../../parts/When";
import { useDrafts } from "../limits/drafts";
import { Binding } from "./Binding";
import { Presets } from "./Presets";
import { Proposals } from "./Proposals";
import "../limits/limits.css";
import "./mandates.css";
import { whom } from "../../words";

const placeOf = (subject: string): string => `/mandates/${encodeURIComponent(subject)}`;

export default function Mandates() {
  const asked = useAsked("GET /v1/mandates", { limit: 1000 });
  return (
    <Page title="Mandates" lead="What each one may do. A limit binds with those of everything above it; without a mandate everything is denied.">
      <Proposals />
      <Section title="Who has which mandate" flush>
        <Asked of={asked} none="Nobody is here yet.">
          {({ items }) => <Held rows={items} />}
        </Asked>
      </Section>
      <Presets />
      <Binding />
    </Page>
  );
}

function Held({ rows }: { rows: readonly MandateRow[] }) {
  const drafts = useDrafts();
  const columns: Column<MandateRow>[] = [
    { head: "Whose", names: true, cell: ({ subject }) => <Link href={placeOf(subject)}>{whom(subject)}</Link> },
    {
      head: "Stands",
      cell: ({ subject, in_force, number }) => (
        <span className="row mandates-stand">
          {in_force ? <Badge tone="good">In force</Badge> : <Badge tone="bad">{number === null ? "No mandate" : "Over"}</Badge>}
          {drafts[subject] && <Badge tone="main">Your draft</Badge>}
        </span>
      ),
    },
    { head: "Limits", number: true, cell: ({ mandate }) => (mandate ? Object.keys(mandate).length : "none") },
    { head: "Version", number: true, cell: ({ number }) => number ?? "none" },
    { head: "Since", cell: ({ at }) => (at ? <When at={at} /> : "") },
    { head: "By", cell: ({ by, confirmed_by }) => (by ? `${by.name}${confirmed_by ? ` and ${confirmed_by.name}` : ""}` : "") },
    { head: "Why", cell: ({ why, preset }) => <span>{why}{preset && <span className="soft small"> (preset {preset})</span>}</span> },
  ];
  const without = rows.filter(({ in_force }) => !in_force).map(({ subject }) => whom(subject));
  return (
    <>
      {without.length > 0 && <div className="mandates-without"><Banner tone="bad">Without a mandate in force, so every order of theirs is denied: {without.join(", ")}.</Banner></div>}
      <div className="mandates-table"><Table label="Mandates" columns={columns} rows={rows} keyOf={({ subject }) => subject} /></div>
    </>
  );
}
