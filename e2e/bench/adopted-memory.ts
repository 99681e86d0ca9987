import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { removePins } from "../../collector/src/remove-pins.ts";
import { type GroupFigures, LimitedGroup } from "./limited-group.ts";
import type { Figure, Measure } from "./measure.ts";

const leaver = fileURLToPath(new URL("../../collector/test/programs/leave-pinned.ts", import.meta.url));
const objects = fileURLToPath(new URL("../../build/collector", import.meta.url));
/** Maps are freed, and their pages uncharged, some grace periods after the last pin. */
const freeingMs = 2_000;

/** A process that loads or adopts the kernel side, in the group, until it is killed. */
async function start(group: LimitedGroup, pinFolder: string, adopts: boolean): Promise<ChildProcess> {
  const [file = "", ...args] = group.enter;
  const command = [process.execPath, "--disable-warning=ExperimentalWarning", leaver, objects, pinFolder];
  const child = spawn(file, [...args, ...command], { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  const { adopted } = JSON.parse(said.toString()) as { adopted: boolean };
  if (adopted !== adopts) throw new Error(`it ${adopted ? "adopted" : "loaded"} what it should not`);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  await pause(freeingMs);
}

function figure(name: string, of: GroupFigures, detail: string): Figure {
  return { name, value: of.kernelBytes / 1e6, unit: "MB", detail };
}

/** The kernel's memory (maps, programs, and what a process needs of it) by the group that is charged. */
export const adoptedMemory: Measure = {
  name: "adopted-memory",
  what: "kernel memory charged to the first loader of pinned maps, and to the one that goes on with them",
  async run() {
    const folder = mkdtempSync(join(tmpdir(), "atalaya-charged-"));
    const pinFolder = join(folder, "bpffs", "sensor");
    const first = new LimitedGroup("atalaya-bench-first", 296 << 20, 2);
    const second = new LimitedGroup("atalaya-bench-second", 296 << 20, 2);
    const figures: Figure[] = [];
    const take = (name: string, of: LimitedGroup, detail: string) => figures.push(figure(name, of.figures(), detail));
    try {
      const loader = await start(first, pinFolder, false);
      take("charged_loader_running", first, "the process and the maps that it made");
      await kill(loader);
      take("charged_loader_killed", first, "what is pinned stays with its group");
      const adopter = await start(second, pinFolder, true);
      take("charged_adopter_running", second, "the process alone");
      take("charged_loader_adopted", first, "unchanged by the adoption");
      await kill(adopter);
      take("charged_adopter_killed", second, "nothing of the maps");
      removePins(pinFolder, false);
      await pause(freeingMs);
      take("charged_loader_unpinned", first, "given back");
      return figures;
    } finally {
      removePins(pinFolder, true);
      for (const group of [first, second]) group.remove();
      execFileSync("umount", ["-l", join(folder, "bpffs")]);
      rmSync(folder, { recursive: true });
    }
  },
};
