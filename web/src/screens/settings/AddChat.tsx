// A chat or a mailbox is added on the machine, since what sends there connects by itself: the command with what was chosen in it.

import { useState } from "react";
import type { ChannelRow } from "../../api/schema";
import { Button } from "../../parts/Button";
import { Command } from "../../parts/Command";
import { Dialog } from "../../parts/Dialog";
import { Choice, Field } from "../../parts/Field";
import { Kinds, type Kind } from "./kinds";

const SERVICES: readonly [service: string, words: string, address: string][] = [
  ["phone", "A phone, by ntfy", "ntfys://ntfy.sh/YOUR-TOPIC"],
  ["mail", "Mail", "mailtos://USER:PASSWORD@SERVER?to=YOU@EXAMPLE.COM"],
  ["slack", "Slack", "slack://TOKEN-A/TOKEN-B/TOKEN-C"],
  ["telegram", "Telegram", "tgram://BOT-TOKEN/CHAT-ID"],
  ["discord", "Discord", "discord://WEBHOOK-ID/WEBHOOK-TOKEN"],
  ["teams", "Microsoft Teams", "workflows://HOST/WORKFLOW/SIGNATURE"],
];
const FIRST: readonly Kind[] = ["halts", "approvals", "alarms", "drift", "limits", "summary"];
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

export function AddChat({ taken, onClose }: { taken: readonly ChannelRow[]; onClose: () => void }) {
  const [service, setService] = useState("phone");
  const [typed, setTyped] = useState<string | null>(null);
  const [kinds, setKinds] = useState<readonly Kind[]>(FIRST);
  const name = typed ?? service;
  const address = SERVICES.find(([one]) => one === service)?.[2] ?? "";
  const fault = !NAME.test(name) ? "Small letters, digits and hyphens." : taken.some((one) => one.name === name) ? "There is one of this name." : null;
  return (
    <Dialog open onClose={onClose} title="Add a chat or mail">
      <p>It is added on the machine that Remit runs on, since its address is a secret and is given to nobody over the network.</p>
      <Choice label="Where" of={SERVICES.map(([value, words]) => [value, words] as const)} value={service} onChange={(event) => setService(event.target.value)} />
      <Field label="Name" value={name} fault={fault} autoComplete="off" autoCapitalize="none" spellCheck={false} onChange={(event) => setTyped(event.target.value)} />
      <Kinds chosen={kinds} onKinds={setKinds} />
      {fault === null && kinds.length > 0 && (
        <ol className="stack tight settings-steps">
          <li>Once, for chats and mail: <Command label="Install what sends to chats and mail" lines={["pip install 'remit[chat]'"]} /></li>
          <li>Add it: <Command label="Add the channel" lines={[`remit notify add ${name} -${kinds.map((kind) => ` --kind ${kind}`).join("")}`]} /></li>
          <li>It waits for the address. Type it, and press Enter: <code>{address}</code></li>
          <li>Come back here and press Test beside {name}.</li>
        </ol>
      )}
      {kinds.length === 0 && <p className="small bad" role="alert">Choose at least one thing that it is told of.</p>}
      <div className="row"><Button onClick={onClose}>Close it</Button></div>
    </Dialog>
  );
}
