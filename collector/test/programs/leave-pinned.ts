// leave-pinned.ts OBJECTS PIN: pins the kernel side, writes an account, says "ready", and waits to be killed.
import { emptyFilterPlan } from "@atalaya/wire";
import { openKernel } from "../../src/kernel/open-kernel.ts";

const [objectFolder = "", pinFolder = ""] = process.argv.slice(2);
const source = openKernel({ objectFolder, pinFolder, ignorePids: [process.pid] });
source.setFilterPlan({ ...emptyFilterPlan, version: 1, open_names: ["left-behind"] });
// Somebody reads, until the end.
for (const ring of ["lifecycle", "bulk"] as const) source.release(ring, source.drain(ring).next);
source.writeAccount(Buffer.from("counted so far"));
process.stdout.write(`${source.ringId}\n`);
setInterval(() => {}, 60_000);
