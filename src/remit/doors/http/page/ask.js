// Asking the API, and plain words for what it refuses.

const AWAY = "The guard is away: nothing can be approved or declined until it answers.";
const keys = new Map();
let csrf = "";

export const isSignedIn = () => csrf !== "";

/** Hold the value that changes need beside the session; empty where nobody is signed in. */
export function signedInBy(value) {
  csrf = value;
}

/** Ask the API; what is thrown has `code`, `detail`, `fix`. An answer that is sent twice from this page acts once. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const options = { cache: "no-store", method, headers: {} };
  const once = body !== undefined && path.startsWith("/v1/approvals/");
  if (method !== "GET") options.headers["X-Remit-CSRF"] = csrf;
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  if (once) {
    const request = path + options.body;
    if (!keys.has(request)) keys.set(request, `page-${crypto.randomUUID()}`);
    options.headers["Idempotency-Key"] = keys.get(request);
  }
  let answer, told;
  try {
    answer = await fetch(path, options);
    told = await answer.json();
  } catch {
    throw { status: 504, once, detail: "The door does not answer", fix: "Look whether remit up runs" };
  }
  if (!answer.ok) throw { ...told, once };
  return told;
}

export function worded({ status, once, detail, fix }) {
  const said = `${sentence(detail ?? "this page has a fault")} ${sentence(fix ?? "Load it anew")}`;
  if (status === 504 && once) return `It is not known whether this took effect. ${said} Press again: it acts once.`;
  return status === 503 || status === 504 ? `${AWAY} ${said}` : said;
}

/** A text as a sentence, with a capital and an end. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
