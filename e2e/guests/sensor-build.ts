import { join } from "node:path";
import { type Architecture, architectures } from "../../containers/images.ts";
import { root } from "../../tools/setup/root.mjs";

export type SensorBuild = {
  /** Programs and addon. */
  objects: string;
  /** Of C programs for the architecture. */
  compiler: string;
};

/** The sensor's build for an architecture: this machine's own is the one that ships. */
export async function sensorFor(architecture: Architecture, _say: (line: string) => void): Promise<SensorBuild> {
  if (architectures[architecture] === process.arch) return { objects: join(root, "build", "collector"), compiler: "gcc" };
  throw new Error(`the sensor is not built for ${architecture} on ${process.arch}`);
}
