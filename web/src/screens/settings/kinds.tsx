// What a channel may be told of, and the choice of it.

import type { ChannelRow } from "../../api/schema";

export type Kind = ChannelRow["kinds"][number];

export const KINDS: readonly (readonly [kind: Kind, words: string, first: boolean])[] = [
  ["halts", "halts", true], ["approvals", "approvals", true], ["alarms", "alarms", true], ["drift", "drift", true],
  ["limits", "limits near or over", true], ["summary", "a summary each day", true], ["violations", "every denial", false], ["fills", "every fill", false],
];

export function Kinds({ chosen, onKinds }: { chosen: readonly Kind[]; onKinds: (kinds: readonly Kind[]) => void }) {
  const turn = (kind: Kind, isOn: boolean): void => onKinds(KINDS.map(([one]) => one).filter((one) => (one === kind ? isOn : chosen.includes(one))));
  return (
    <fieldset>
      <legend>Told of</legend>
      <div className="settings-kinds">
        {KINDS.map(([kind, words]) => <label key={kind} className="settings-check"><input type="checkbox" checked={chosen.includes(kind)} onChange={(event) => turn(kind, event.target.checked)} />{words}</label>)}
      </div>
    </fieldset>
  );
}
