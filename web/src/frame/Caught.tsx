// A fault of one screen stays there: the frame around it goes on, and something with a title stands in its place.

import { Component, type ReactNode } from "react";
import { problemOf } from "../api/problem";
import { Refused } from "../parts/Asked";
import { Page } from "../parts/Page";
import { PART_MISSING } from "./lazily";
import { Missing } from "./Missing";

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
    const problem = problemOf(this.state.fault);
    if (problem.code === PART_MISSING) return <Missing />;
    return <Page title="This screen has a fault"><Refused problem={problem} again={() => location.reload()} /></Page>;
  }
}
