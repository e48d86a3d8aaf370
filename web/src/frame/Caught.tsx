// A fault of one screen stays there: the frame around it goes on.

import { Component, type ReactNode } from "react";
import { problemOf } from "../api/problem";
import { Refused } from "../parts/Asked";

interface State {
  fault: unknown;
}

export class Caught extends Component<{ children: ReactNode }, State> {
  override state: State = { fault: null };

  static getDerivedStateFromError(fault: unknown): State {
    return { fault };
  }

  override render(): ReactNode {
    if (this.state.fault === null) return this.props.children;
    return <Refused problem={problemOf(this.state.fault)} again={() => location.reload()} />;
  }
}
