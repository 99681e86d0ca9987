import assert from "node:assert/strict";
import { test } from "node:test";
import { outlook } from "../src/cluster/victim-pod.ts";

test("a pod that will never start is told from one that may, and from one that needs time", () => {
  for (const why of [
    'victim/php: ErrImageNeverPull: Container image "x:1" is not present with pull policy of Never',
    "attacker/attacker: Error",
    "victim/php: InvalidImageName: Failed to apply default image tag",
  ])
    assert.equal(outlook(why), "final", why);
  assert.equal(outlook('victim/php: ImagePullBackOff: Back-off pulling image "x:1"'), "doubtful");
  for (const why of [
    "victim/php: ContainerCreating",
    "victim/php: PodInitializing",
    "victim/php: ErrImagePull: rpc error: code = Unknown desc = Error response from daemon",
    "victim: 0/3 nodes are available: 3 Insufficient memory",
  ])
    assert.equal(outlook(why), "open", why);
});
