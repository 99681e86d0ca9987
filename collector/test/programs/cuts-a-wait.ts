// cuts-a-wait OBJECTS: a wait that is cut in the same breath; says whether it ended. On one processor its thread has not run by then.
import { loadAddon } from "../../src/kernel/addon.ts";
import { openKernel } from "../../src/kernel/open-kernel.ts";

const [objectFolder = ""] = process.argv.slice(2);
const source = openKernel({ objectFolder, ignorePids: [process.pid] });
const say = (word: string) => {
  clearTimeout(late);
  source.close();
  process.stdout.write(`${word}\n`);
};
const late = setTimeout(() => say("did not end"), 5_000);
for (const ring of ["bulk", "lifecycle"] as const) source.drain(ring);
source.whenFilled(600_000, 600_000, () => say("ended"));
loadAddon(objectFolder).forgetMaps("earlier/");
