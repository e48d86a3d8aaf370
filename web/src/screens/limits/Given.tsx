// What a preset needs of the house itself: when positions may be opened, and what nobody may trade.

import { Field } from "../../parts/Field";

export interface GivenTexts {
  calendar: string;
  blocked: string;
}

export const NOTHING_GIVEN: GivenTexts = { calendar: "America/New_York mon-fri 09:30-16:00", blocked: "" };

const HOURS = /^\S+ \S+ \S+$/;
const NAME = /^[^\s,]+$/;

interface GivenProps {
  needs: readonly string[];
  texts: GivenTexts;
  onTexts: (texts: GivenTexts) => void;
}

export function Given({ needs, texts, onTexts }: GivenProps) {
  return (
    <>
      {needs.includes("calendar") && <Field label="When positions may be opened" hint="Hours of a place, as they stand here, or the name of a calendar that was given to this house." value={texts.calendar} required autoComplete="off" spellCheck={false} fault={calendarFault(texts)} onChange={(event) => onTexts({ ...texts, calendar: event.target.value })} />}
      {needs.includes("blocked") && <Field label="What nobody may trade" hint="Instruments, set apart by commas; leave it empty where there are none." value={texts.blocked} autoComplete="off" spellCheck={false} onChange={(event) => onTexts({ ...texts, blocked: event.target.value })} />}
    </>
  );
}

function calendarFault({ calendar }: GivenTexts): string | undefined {
  const text = calendar.trim();
  return text === "" || NAME.test(text) || HOURS.test(text.replace(/\s+/g, " ")) ? undefined : "Write it like America/New_York mon-fri 09:30-16:00.";
}

/** What a preset is drafted with; null while that cannot be read. */
export function givenFor(needs: readonly string[], texts: GivenTexts): { calendar?: string; blocked?: string[] } | null {
  if (needs.includes("calendar") && (texts.calendar.trim() === "" || calendarFault(texts))) return null;
  return {
    ...(needs.includes("calendar") ? { calendar: texts.calendar.trim().replace(/\s+/g, "@") } : {}),
    ...(needs.includes("blocked") ? { blocked: texts.blocked.split(",").map((one) => one.trim()).filter(Boolean) } : {}),
  };
}
