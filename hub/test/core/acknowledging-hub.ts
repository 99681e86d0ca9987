import { openHubCore } from "../../src/core/open-hub-core.ts";
import { evilExec, evilRule, frameOf, sender } from "./hub-fixture.ts";

// The victim of the kill -9 test: tells its parent of every acknowledged request until it is killed.

const hub = await openHubCore({
  dataFolder: process.argv[2] ?? "",
  ruleFiles: [],
  node: "node-1",
  cluster: "local",
  version: "test",
  builtIn: [{ path: "evil.yaml", text: evilRule, pack: "built-in" }],
});
for (let i = 0; i < 5_000; i++) {
  const container = `container-${i}`;
  await hub.ingest([frameOf([evilExec({ container_id: container })])], sender);
  process.send?.(container);
}
