// A value that the whole page shares, outside of React, and that components follow.

import { useSyncExternalStore } from "react";

export class Shared<T> {
  #value: T;
  readonly #followers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get = (): T => this.#value;

  set = (value: T): void => {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const tell of [...this.#followers]) tell();
  };

  /** Call `tell` after each change; what is returned stops that. */
  follow = (tell: () => void): (() => void) => {
    this.#followers.add(tell);
    return () => this.#followers.delete(tell);
  };
}

/** The value now, in a component that is shown anew with each change. */
export function useShared<T>(shared: Shared<T>): T {
  return useSyncExternalStore(shared.follow, shared.get);
}
