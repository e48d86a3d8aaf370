// What was thought, asked, decided and done, latest first. New lines wait until somebody wants them, where something is being read.

import { useMemo } from "react";
import { useSearchParams } from "wouter";
import { Page } from "../../parts/Page";
import { filterOf } from "./filter";
import { Filters } from "./Filters";
import { Timeline } from "./Timeline";
import "./decisions.css";

export default function Decisions() {
  const [search, setSearch] = useSearchParams();
  const chosen = search.toString();
  const filter = useMemo(() => filterOf(new URLSearchParams(chosen)), [chosen]);
  return (
    <Page title="Decisions" lead="What agents thought and asked, what was decided and by which numbers, and what came of it. It stands in the journal.">
      <Filters search={search} onChange={(changed) => setSearch(changed, { replace: true })} />
      <Timeline key={chosen} filter={filter} />
    </Page>
  );
}
