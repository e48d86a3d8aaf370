// Where nobody may trade yet: the way to the first steps.

import { Link } from "wouter";
import { useAsked } from "../../api/use";
import { Banner } from "../../parts/Banner";

export function FirstRun() {
  const agents = useAsked("GET /v1/agents", { limit: 1 });
  if (agents.data?.items.length !== 0) return null;
  return (
    <Banner tone="main" action={<Link href="/start">Begin with the first steps</Link>}>
      <strong>No agent is set up yet.</strong> Limits, a paper account, an agent and its first denial take a few minutes, and no real money.
    </Banner>
  );
}
