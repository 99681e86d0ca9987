import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildCollector } from "../../collector/build.mjs";
import { aptSources } from "../../simulator/src/victim/apt-sources.ts";
import { root } from "../../tools/setup/root.mjs";
import { type Architecture, architectures } from "../images.ts";
import { cacheFolder } from "./cache-folder.ts";
import { Debian } from "./debian.ts";
import { type KernelImage, type KernelWish, kernelImage } from "./kernel-image.ts";
import { kernelTypesOf } from "./kernel-types.ts";

export type SensorBuild = {
  /** Programs and addon. */
  objects: string;
  /** Of C programs for the architecture. */
  compiler: string;
};

/** The compilers' names of architectures. */
const triplets: Readonly<Record<Architecture, string>> = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/** The kernel whose types a cross-build takes: the newest has all that the sources name. The guest that boots it tests the build. */
export const crossKernel = (architecture: Architecture): KernelWish => ({ suite: "sid", architecture });

/** The sensor that an image holds: what is built for this machine (`npm run build`), or the cross-build. */
export async function sensorOfImage(architecture: Architecture, say: (line: string) => void): Promise<string> {
  if (architectures[architecture] === process.arch) return join(root, "build", "collector");
  const kernel = await kernelImage(crossKernel(architecture), say);
  const debian = await Debian.open(aptSources().suite, architecture, say);
  const { objects } = await sensorFor(architecture, kernel, await debian.unpacked(["libbpf1"]), say);
  return objects;
}

/**
 * The sensor's build for an architecture: this machine's own, or a cross-build from the same sources, with the types of a
 * kernel and the libraries of unpacked packages.
 */
export async function sensorFor(
  architecture: Architecture,
  image: KernelImage,
  libraries: readonly string[],
  say: (line: string) => void,
): Promise<SensorBuild> {
  const own = architectures[architecture];
  if (own === process.arch) {
    await buildCollector({ root, log: say });
    return { objects: join(root, "build", "collector"), compiler: "gcc" };
  }
  const triplet = triplets[architecture];
  const folder = libraries
    .map((one) => join(one, "usr/lib", triplet))
    .find((one) => existsSync(join(one, "libbpf.so.1")));
  if (folder === undefined) throw new Error(`libbpf1 for ${architecture} holds no libbpf.so.1`);
  const types = join(cacheFolder("types"), `${image.release}.btf`);
  if (!existsSync(types)) writeFileSync(types, kernelTypesOf(image.vmlinuz));
  const name = `collector-${own}`;
  const compiler = `${triplet}-gcc`;
  const link = [`-L${folder}`, "-l:libbpf.so.1"];
  await buildCollector({
    root,
    log: say,
    machine: { name, architecture: own, kernel: image.release, compiler, link, types },
  });
  return { objects: join(root, "build", name), compiler };
}
