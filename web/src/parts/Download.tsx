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
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      keep(await fileOf(call, params), name);
      toast(`${name} is downloaded.`);
    } catch (fault) {
      setProblem(problemOf(fault));
    }
    setBusy(false);
  };
  return (
    <>
      <Button onClick={() => void load()} busy={busy}>{busy ? "It is being made" : children}</Button>
      <Refused problem={problem} />
    </>
  );
}
