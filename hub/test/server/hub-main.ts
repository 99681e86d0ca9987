// The hub's process as it is, with the core in memory: what the process tests start.
import { runHub } from "../../src/server/run-hub.ts";
import { InMemoryCore } from "../in-memory-core.ts";

await runHub(process.argv.slice(2), async () => new InMemoryCore());
