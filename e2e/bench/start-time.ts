import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "../stack.ts";
import { type Measure, quantile } from "./measure.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const runs = 5;

/** One `npm start` as a newcomer types it, on a machine that is set up; seconds until it is ready. */
async function startOnce(data: string): Promise<number> {
  const listen = `127.0.0.1:${await freePort()}`;
  const started = performance.now();
  const child = spawn("npm", ["start", "--silent", "--", "--data", data, "--listen", listen], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  let seconds = Number.NaN;
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.includes("Ctrl-C stops everything")) continue;
    seconds = (performance.now() - started) / 1000;
    break;
  }
  // The group, as Ctrl-C on a terminal: npm alone does not pass it on.
  if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
  await ended;
  return seconds;
}

export const startTime: Measure = {
  name: "start",
  what: "npm start, when set up, until the page answers",
  async run(say) {
    const data = mkdtempSync(join(tmpdir(), "atalaya-start-"));
    const seconds: number[] = [];
    for (let i = 0; i <= runs; i++) {
      const value = await startOnce(data);
      // The first run makes the CA and the database: it is not a second start.
      if (i > 0) seconds.push(value);
      say(`start ${i}: ${value.toFixed(2)} s`);
    }
    rmSync(data, { recursive: true, force: true });
    const detail = `median of ${runs}, slowest ${Math.max(...seconds).toFixed(2)}`;
    return [
      { name: "start_ready", value: quantile(seconds, 0.5), unit: "s", target: { at: "most", value: 5 }, detail },
    ];
  },
};
