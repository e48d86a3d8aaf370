// A component as it stands in the page: with its queries, at an address, before somebody who is signed in.

import { QueryClientProvider } from "@tanstack/react-query";
import { render, type RenderResult } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import type { ReactNode } from "react";
import { signedIn } from "../api/session";
import { queryClient } from "../api/use";
import { ANN } from "./house";

export interface Shown extends RenderResult {
  user: UserEvent;
}

/** Show something; `at` is the address. Answer what it asks by `api` first. */
export function show(what: ReactNode, { at = "/", me = ANN }: { at?: string; me?: typeof ANN } = {}): Shown {
  history.replaceState(null, "", at);
  signedIn(me);
  const user = userEvent.setup({ delay: null });
  return { user, ...render(<QueryClientProvider client={queryClient()}>{what}</QueryClientProvider>) };
}
