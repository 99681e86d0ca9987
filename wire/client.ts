// The hub's API as a client in Node sees it: command line and simulator.

export { fetchCa } from "./src/fetch-ca.ts";
export { type HubAddress, HubClient, type StreamMessage } from "./src/hub-client.ts";
export { connectHub, defaultDataFolder, localClientFile, loginFile } from "./src/known-hubs.ts";
export { givenOptions, refuseUnused } from "./src/unused-options.ts";
