// Said where the door serves another page than this one. It is not loaded by itself: somebody may be typing.

import { outdated } from "../api/build";
import { useShared } from "../api/shared";
import { Banner } from "../parts/Banner";
import { Button } from "../parts/Button";

export function Newer() {
  if (!useShared(outdated)) return null;
  return (
    <Banner tone="warn" role="status" action={<Button onClick={() => location.reload()}>Load it</Button>}>
      <strong>There is a newer page than this one.</strong> Remit was changed since you opened it. Drafts of mandates stay; what else you typed does not.
    </Banner>
  );
}
