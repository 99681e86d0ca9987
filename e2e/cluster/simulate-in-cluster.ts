import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSimulationImage } from "../../containers/simulation-image.ts";
import { findProgram } from "../../simulator/src/programs.ts";
import type { Cluster } from "./cluster.ts";
import { goProgram } from "./go-programs.ts";
import { importImage } from "./images.ts";
import { atalayaCommand } from "./part-in-cluster.ts";
import { kubeProgram, type Place } from "./place.ts";

/** A line of `atalaya simulate --json`. */
export type SimulationLine = {
  scenario: string;
  alert: string;
  status: string;
  seconds: number | null;
  alert_id: string | null;
};
export type SimulationRun = { status: number; lines: SimulationLine[]; output: string; errors: string };

export type Simulations = {
  /** A folder with `kubectl` and `helm`, which stands first in the PATH of each run. */
  programs: string;
  /** Runs `atalaya simulate ARGS` in the cluster's network until it ends. */
  run(args: readonly string[], options?: RunOptions): Promise<SimulationRun>;
  /** Removes what this made outside the cluster. */
  close(): void;
};

export type RunOptions = {
  /** Called with each part of what it prints, and with the means to send it a signal. */
  onOutput?: (text: string, signal: (name: NodeJS.Signals) => void) => void;
  /** Another PATH, for a run that is to miss something. */
  path?: string;
  /** Another user than the cluster's administrator. */
  kubeconfig?: string;
};

/** Gives the cluster's node the simulation's image, and the runs their programs. */
export async function prepareSimulations(
  cluster: Cluster,
  say: (line: string) => void = () => {},
): Promise<Simulations> {
  const { tar } = await buildSimulationImage({ say });
  await importImage(cluster.place, tar);
  const programs = mkdtempSync(join(tmpdir(), "atalaya-programs-"));
  symlinkSync(await goProgram("helm", say), join(programs, "helm"));
  writeFileSync(join(programs, "kubectl"), `#!/bin/sh\nexec ${kubeProgram(cluster.place)} kubectl "$@"\n`);
  chmodSync(join(programs, "kubectl"), 0o755);
  return {
    programs,
    run: (args, options) => runSimulation(cluster.place, programs, args, options),
    close: () => rmSync(programs, { recursive: true, force: true }),
  };
}

async function runSimulation(
  place: Place,
  programs: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<SimulationRun> {
  const env = {
    ...process.env,
    PATH: options.path ?? `${programs}:${process.env["PATH"] ?? ""}`,
    KUBECONFIG: options.kubeconfig ?? join(place.folder, "etc/admin.kubeconfig"),
  };
  // By its path: a run may be given a PATH in which it is not.
  const child = spawn(findProgram("nsenter") ?? "nsenter", atalayaCommand(place, ["simulate", ...args]), { env });
  const signal = (name: NodeJS.Signals) => void child.kill(name);
  const texts = { output: "", errors: "" };
  for (const [name, stream] of [
    ["output", child.stdout],
    ["errors", child.stderr],
  ] as const) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      texts[name] += part;
      options.onOutput?.(part, signal);
    });
  }
  const [status] = (await once(child, "close")) as [number | null];
  const lines = texts.output.split("\n").filter((line) => line.startsWith("{"));
  return { status: status ?? 1, ...texts, lines: lines.map((line) => JSON.parse(line) as SimulationLine) };
}
