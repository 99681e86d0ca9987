export type { HubCoreOptions } from "./src/core/open-hub-core.ts";
export { openHubCore } from "./src/core/open-hub-core.ts";
export type * from "./src/hub-core.ts";
export { type HubOptions, readOptions } from "./src/server/options.ts";
export { runHub } from "./src/server/run-hub.ts";
export { type RunningHub, startHub } from "./src/server/start-hub.ts";
