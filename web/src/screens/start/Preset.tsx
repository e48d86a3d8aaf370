// A preset in words and numbers: each of its limits as one plain line, under whom it binds.

import type { Preset, RuleRow, Setting } from "../../api/schema";
import { words } from "../../words";
import { ruleOf } from "../limits/asking";
import { shown } from "../limits/values";

/** The limits that say most about a preset; the first four that it has are shown at once. */
const FIRST = ["order_notional_max", "capital_max", "market_exposure_max", "daily_loss_max", "orders_per_day_max", "approval_notional_min"];
const SHOWN = 4;
const SCOPES: { [scope: string]: string } = { agent: "Each agent", account: "The account", client: "Each client", firm: "The firm" };

const TITLES: { [preset: string]: string } = { starter: "To begin with", "prediction-desk": "Prediction markets", institutional: "A firm's desk" };

/** A preset in plain words; its name where there are none. */
export const titleOf = (preset: string): string => TITLES[preset] ?? preset;

interface SaidProps {
  rules: readonly RuleRow[];
  currency: string;
}

function Line({ setting: { field, value, where }, rules, currency }: SaidProps & { setting: Setting }) {
  const rule = ruleOf(rules, field);
  const [before, after = ""] = rule?.plain.split("{limit}") ?? [];
  return (
    <>
      {rule ? <>{before}<strong>{shown(rule, value, currency).trim()}</strong>{after}</> : <>{words(field)}: {String(value)}</>}
      {where !== "both" && <span className="soft"> Only where money is {where}.</span>}
    </>
  );
}

/** The few limits that tell presets apart. */
export function Gist({ of: { settings }, ...said }: SaidProps & { of: Preset }) {
  const found = FIRST.flatMap((field) => settings.find((one) => one.field === field) ?? []).slice(0, SHOWN);
  return <ul className="small">{found.map((setting) => <li key={setting.field}><Line setting={setting} {...said} /></li>)}</ul>;
}

/** All of them, by whom they bind. */
export function Whole({ of: { preset, settings }, ...said }: SaidProps & { of: Preset }) {
  return (
    <details>
      <summary>All limits of “{titleOf(preset)}”</summary>
      <div className="grid start-whole">
        {Object.entries(SCOPES).map(([scope, whom]) => {
          const found = settings.filter((one) => one.scope === scope);
          return found.length > 0 && (
            <div key={scope}>
              <h3>{whom}</h3>
              <ul>{found.map((setting) => <li key={setting.field}><Line setting={setting} {...said} /></li>)}</ul>
            </div>
          );
        })}
      </div>
    </details>
  );
}
