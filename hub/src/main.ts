import { openHubCore } from "./core/open-hub-core.ts";
import { runHub } from "./server/run-hub.ts";

await runHub(process.argv.slice(2), ({ hubFolder, options, version, log }) =>
  openHubCore({
    dataFolder: hubFolder,
    ruleFiles: options.rules,
    cluster: options.cluster,
    node: options.node,
    isInPod: options.inCluster,
    version,
    keepDays: options.keepDays,
    keepBytes: options.keepBytes,
    log,
  }),
);
