// What is to be shown: by agent, account, instrument, kind, verdict and time.

import { useState } from "react";
import { useAsked } from "../../api/use";
import { Button } from "../../parts/Button";
import { Choice, Field } from "../../parts/Field";
import { KINDS, NAMES, VERDICTS } from "./filter";

interface FiltersProps {
  search: URLSearchParams;
  onChange: (search: URLSearchParams) => void;
}

export function Filters({ search, onChange }: FiltersProps) {
  const agents = useAsked("GET /v1/agents", {});
  const accounts = useAsked("GET /v1/accounts", {});
  const instruments = useAsked("GET /v1/instruments", { limit: 1000 });
  const set = (name: string, value: string): void => {
    const changed = new URLSearchParams(search);
    if (value) changed.set(name, value);
    else changed.delete(name);
    onChange(changed);
  };
  const given = (name: string) => ({ value: search.get(name) ?? "", onChange: (event: { target: { value: string } }) => set(name, event.target.value) });
  const named = (name: string, rows: readonly { name: string }[] = []) => {
    const names = rows.map((row) => row.name);
    const chosen = search.get(name); // one of another time is shown too, or nobody would see why nothing is there
    if (chosen && !names.includes(chosen)) names.push(chosen);
    return [["", "All"], ...names.map((one) => [one, one] as const)] as const;
  };
  const isSet = NAMES.some((name) => search.has(name));
  const [open, setOpen] = useState(() => isSet || matchMedia("(min-width: 40rem)").matches);
  return (
    <details className="decisions-choice" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What is shown</summary>
      <form className="decisions-filters" role="search" aria-label="Which lines" onSubmit={(event) => event.preventDefault()}>
        <Choice label="Kind" of={[["", "All of trading"], ["all", "Everything"], ...KINDS]} {...given("kind")} />
        <Choice label="Verdict" of={[["", "Any"], ...VERDICTS]} {...given("verdict")} />
        <Choice label="Agent" of={named("agent", agents.data?.items)} {...given("agent")} />
        <Choice label="Account" of={named("account", accounts.data?.items)} {...given("account")} />
        <Choice label="Instrument" of={named("instrument", instruments.data?.items)} {...given("instrument")} />
        <div className="decisions-times">
          <Field label="From" type="datetime-local" {...given("since")} />
          <Field label="Until" type="datetime-local" {...given("until")} />
        </div>
        <label className="decisions-looks">
          <input type="checkbox" checked={search.get("looks") === "1"} onChange={(event) => set("looks", event.target.checked ? "1" : "")} />
          <span>Calls that only looked, too</span>
        </label>
        {isSet && <Button tone="quiet" onClick={() => onChange(new URLSearchParams())}>Clear</Button>}
      </form>
    </details>
  );
}
