// A file to keep: what is pressed, that it is being made, and why it could not be.

import { useState, type ReactNode } from "react";
import { fileOf, keep } from "../api/file";
import type { Call, Params } from "../api/client";
import { type Problem, problemOf } from "../api/problem";
import { Refused } from "./Asked";
import { Button } from "./Button";
import { toast } from "./Toast";

interface DownloadProps<C extends Call> {
  call: C;
  params: Params<C>;
  /** The file's name. */
  name: string;
  children: ReactNode;
}

export function Download<C extends Call>({ call, params, name, children }: DownloadProps<C>) {
  const [busy, setBusy] = useState(false);
  const [percent, setPercent] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      keep(await fileOf(call, params, setPercent), name);
      toast(`${name} is downloaded.`);
    } catch (fault) {
      setProblem(problemOf(fault));
    }
    setBusy(false);
    setPercent(null);
  };
  return (
    <>
      <Button onClick={() => void load()} busy={busy}>{busy ? "It is being made" : children}</Button>
      {percent !== null && <p className="small soft" role="status">{percent} % of the journal is read.</p>}
      <Refused problem={problem} />
    </>
  );
}
