import { installNpmPackages } from "./npm-packages.mjs";
import { buildPage } from "./page.mjs";
import { buildSensor } from "./sensor.mjs";
import { installSystemPackages } from "./system-packages.mjs";

/**
 * Everything between a fresh clone and a process that can start: system packages, npm packages, page, BPF and addon.
 * Each step is skipped when nothing changed. Gives the sentences that say what is missing (the rest runs without).
 */
export async function prepare({
  withTests = false,
  withCluster = false,
  withGuests = false,
  yes = false,
  log = say,
} = {}) {
  const packages = await installSystemPackages({ withTests, withCluster, withGuests, yes, log });
  await installNpmPackages(log);
  const sensor = packages === undefined || packages.startsWith("apt-get") ? await buildSensor(log) : packages;
  await buildPage(log);
  return [...new Set([packages, sensor])].filter((line) => line !== undefined);
}

export function say(line) {
  process.stderr.write(`atalaya: ${line}\n`);
}
