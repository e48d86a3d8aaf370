// A text as a QR code, for a phone to be held before: dark on light in every look, since cameras expect it so.

import { encode } from "uqr";

const QUIET = 4; // what the standard asks for around it

export default function QrCode({ label, text }: { label: string; text: string }) {
  const { size, data } = encode(text, { ecc: "M", border: QUIET });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return (
    <svg className="app-qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="white" />
      <path d={dark} fill="black" />
    </svg>
  );
}
