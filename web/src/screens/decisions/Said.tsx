// One line of the journal: what it is, the sentence, and where it leads. What an agent wrote is fetched when somebody asks.

import { useState } from "react";
import { Link } from "wouter";
import type { Line } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge, type Tone } from "../../parts/Banner";
import { Quote } from "../../parts/Facts";
import { RuleLink } from "../../parts/Rule";
import { When } from "../../parts/When";
import "./said.css";
import { capital } from "../../words";

const WORDS: { [kind in Line["kind"]]: [string, Tone] } = {
  order: ["Order", "plain"], violation: ["Violation", "bad"], fill: ["Fill", "good"], approval: ["Approval", "warn"], halt: ["Halt", "bad"],
  exit: ["Exit", "main"], action: ["Action", "plain"], thought: ["Thought", "main"], error: ["Error", "warn"], limit: ["Limit", "warn"],
  drift: ["Drift", "warn"], access: ["Access", "plain"], mandate: ["Mandate", "main"], fact: ["Fact", "plain"], guard: ["Guard", "plain"],
};
const DECIDES = ["submit", "replace", "approve"];

/** What a line is, in a word: of a decision that is its verdict. */
export function wordOf({ kind, entry, order, code, said }: Line): [string, Tone] {
  if (!order || !DECIDES.includes(entry)) return kind === "violation" ? ["Refused", "bad"] : WORDS[kind];
  if (kind === "violation") return ["Denied", "bad"];
  if (kind === "approval" && said.includes(": held for people")) return ["Held", "warn"];
  return kind === "order" && code === "" ? ["Allowed", "good"] : WORDS[kind];
}

/** Whether the code of a line is the name of a rule. */
const isRule = ({ kind, entry, order, code, said }: Line): boolean =>
  code !== "" && ((order !== "" && DECIDES.includes(entry) && (kind === "violation" || said.includes(": held for people"))) || kind === "limit");

/** A line as a sentence: its full stop, and a capital where it begins with a word and not with a name. */
export function lineWords(said: string): string {
  const begins = BEGINS.test(said) ? capital(said) : said;
  return /[.!?]$/.test(begins) ? begins : `${begins}.`;
}

const BEGINS = /^(agent|client|feed|the|a|an|order|exit|market|nothing|somebody|new|bought|sold|traded|resume|halt|[a-z]+ (?:\w+ )?of)\b/;

/** What a line says; of a denial what was asked, and then why, since the word beside it says that it was denied. */
function parted(line: Line): string[] {
  const { said } = line;
  const at = said.indexOf(DENIED);
  return wordOf(line)[0] === "Denied" && at > 0 ? [said.slice(0, at), said.slice(at + DENIED.length)] : [said];
}

const DENIED = ": denied. ";

interface SaidProps {
  line: Line;
  /** Whether it stands on the page of its own order. */
  within?: boolean;
}

export function Said({ line, within = false }: SaidProps) {
  const [word, tone] = wordOf(line);
  const { at, seq, order, text } = line;
  return (
    <div className="said">
      <span className="said-when soft small"><When at={at} /></span>
      <span className="said-word"><Badge tone={tone}>{word}</Badge></span>
      <div className="said-what">
        {parted(line).map((part) => <p key={part}>{lineWords(part)}</p>)}
        <div className="said-more small">
          {order && !within && <Link href={`/orders/${encodeURIComponent(order)}`}>Order {order}</Link>}
          {isRule(line) && <span>Rule: <RuleLink rule={line.code} /></span>}
          {text && <Written line={line} />}
          <span className="soft">entry {seq}</span>
        </div>
      </div>
    </div>
  );
}

function Written({ line }: { line: Line }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="rule-link" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Hide" : "Read"} {line.kind === "thought" || line.entry !== "submit" ? "what was written" : "the thought behind it"}</button>
      {open && <Text digest={line.text} seq={line.seq} by={line.client || line.agent || line.who} />}
    </>
  );
}

const GONE: { [standing: string]: string } = {
  erased: "It was erased; its digest stays in the journal.", altered: "What is kept is not what was written: it was altered.",
  unknown: "It is not kept here.",
};

/** A text beside the journal, by its digest: a quote, and nothing else. */
export function Text({ digest, seq, by }: { digest: string; seq: number; by: string }) {
  const asked = useAsked("GET /v1/texts/{digest}", { digest, seq });
  return (
    <div className="said-text">
      <Asked of={asked}>
        {({ text, standing }) => (text === null ? <span>{GONE[standing] ?? standing}</span> : <Quote by={by}>{text}</Quote>)}
      </Asked>
    </div>
  );
}

