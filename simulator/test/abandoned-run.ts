// A simulation that the test kills in the middle: starts an attacker with the runtime that its argument names, says
// where, and waits for its end.

import {
  containerdRuntime,
  makeNetwork,
  openRunFolder,
  plantSecrets,
  prepareVictimRoot,
  runcRuntime,
  startAttacker,
} from "../index.ts";

const root = await prepareVictimRoot();
const folder = await openRunFolder();
const network = await makeNetwork(folder.name);
const runtime = process.argv[2] === "runc" ? runcRuntime(folder) : await containerdRuntime(folder);
const attacker = await startAttacker({ folder, runtime, root, network, secrets: plantSecrets() });
process.stdout.write(`${JSON.stringify({ path: folder.path, name: folder.name, pid: attacker.pid })}\n`);
setInterval(() => {}, 60_000);
