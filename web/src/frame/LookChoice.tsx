// How the page looks, chosen in this browser.

import { useId } from "react";
import { useShared } from "../api/shared";
import { chooseLook, look, LOOKS, type Look } from "../design/look";

export function LookChoice() {
  const chosen = useShared(look);
  const id = useId();
  return (
    <span className="look">
      <label htmlFor={id} className="heard">How it looks</label>
      <select id={id} value={chosen} onChange={(event) => chooseLook(event.target.value as Look)}>
        {Object.entries(LOOKS).map(([value, words]) => <option key={value} value={value}>{words}</option>)}
      </select>
    </span>
  );
}
