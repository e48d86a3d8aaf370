// A token's secret, which nobody can show again, and how a program begins with it.

import { useAsked } from "../../api/use";
import { Button } from "../../parts/Button";
import { Secret } from "../../parts/Secret";

interface TokenProps {
  name: string;
  secret: string;
  onAnother: () => void;
}

export function Token({ name, secret, onAnother }: TokenProps) {
  const instrument = useAsked("GET /v1/instruments", { limit: 1 }).data?.items[0]?.name ?? "AAPL";
  return (
    <div className="stack">
      <Secret label={`The token of ${name}`} value={secret} hint="Keep it where only the agent's program can read it." />
      <p><strong>{name} may trade on paper now.</strong> A program acts with this token alone:</p>
      <pre tabIndex={0} aria-label="An example"><code>{example(secret, instrument)}</code></pre>
      <div className="row"><Button onClick={onAnother}>Add another agent</Button></div>
    </div>
  );
}

/** One order by this agent, as a shell would send it to this very door. */
function example(secret: string, instrument: string): string {
  return [
    `export REMIT_TOKEN=${secret.slice(0, 18)}...`,
    `curl -s ${location.origin}/v1/orders -H "Authorization: Bearer $REMIT_TOKEN" \\`,
    `  -H "Content-Type: application/json" -H "Idempotency-Key: first-1" \\`,
    `  -d '{"instrument": "${instrument}", "side": "buy", "quantity": "1", "confidence": "0.8"}'`,
  ].join("\n");
}
