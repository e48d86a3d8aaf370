// The secret of an app for codes, for as long as it is set up: as a QR code for the phone, as text in groups of four, as a link.

import { Suspense, useState } from "react";
import type { App } from "../../api/schema";
import { lazily } from "../../frame/lazily";
import { Button } from "../../parts/Button";
import "./app-secret.css";

const QrCode = lazily(() => import("./QrCode"));

export function AppSecret({ app: { secret, uri } }: { app: App }) {
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(secret);
      setSaid("Copied.");
    } catch {
      setSaid("Select it and copy it with your keyboard."); // the browser gives no clipboard at this address
    }
  };
  return (
    <div className="app-secret">
      <Suspense fallback={<div className="app-qr" aria-busy="true" />}><QrCode label="The app's secret as a QR code" text={uri} /></Suspense>
      <div className="stack tight">
        <p>Point the app for codes on your phone at this. Or type the secret into it; blanks do not count:</p>
        <code className="app-groups" aria-label="The app's secret" tabIndex={0}>{grouped(secret)}</code>
        <div className="row"><Button onClick={() => void copy()}>Copy the secret</Button> <a href={uri}>Open the app on this device</a></div>
        <p className="small soft" role="status">{said}</p>
        <p className="small">It is shown now and never again.</p>
      </div>
    </div>
  );
}

/** In groups of four, as one reads from one device and types into another. */
export const grouped = (secret: string): string => secret.match(/.{1,4}/g)?.join(" ") ?? "";
