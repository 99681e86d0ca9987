import { hostname } from "node:os";
import { openHubCore } from "./core/open-hub-core.ts";
import { runHub } from "./server/run-hub.ts";

await runHub(process.argv.slice(2), (dataFolder, options, version) =>
  openHubCore({ dataFolder, ruleFiles: options.rules, cluster: options.cluster, node: hostname(), version }),
);
