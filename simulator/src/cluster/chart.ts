import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "@atalaya/wire";

/** Where the chart lies: in the tree, and beside the bundle of a packed command. */
const places = ["../../../charts/atalaya-simulation", "../charts/atalaya-simulation", "./charts/atalaya-simulation"];

/** The folder of the chart: `given`, else the one that ships with this command. Throws Fault SIMULATION_UNAVAILABLE. */
export function chartFolder(given?: string): string {
  const candidates =
    given === undefined ? places.map((place) => fileURLToPath(new URL(place, import.meta.url))) : [given];
  const found = candidates.find((folder) => existsSync(join(folder, "Chart.yaml")));
  if (found !== undefined) return found;
  throw new Fault(
    "SIMULATION_UNAVAILABLE",
    `The chart atalaya-simulation is not in ${candidates.join(" nor ")}. Name its folder with --chart`,
  );
}
