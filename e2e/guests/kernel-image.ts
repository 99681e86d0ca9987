import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Debian } from "./debian.ts";
import type { Guest } from "./guests.ts";

export type KernelImage = {
  /** What `uname -r` will say. */
  release: string;
  vmlinuz: string;
  /** The folders of its packages, where the modules are. */
  folders: string[];
};

/** Debian's newest cloud kernel of the guest's suite. Throws an Error when the suite holds another series than wanted. */
export async function kernelImage(guest: Guest, say: (line: string) => void): Promise<KernelImage> {
  const debian = await Debian.open(guest.suite, guest.architecture, say);
  const wanted = `linux-image-cloud-${guest.architecture}`;
  const image = (await debian.needs(wanted)).find((name) => /^linux-image-\d/.test(name));
  if (image === undefined) throw new Error(`${wanted} of ${guest.suite} needs no kernel`);
  const release = image.slice("linux-image-".length);
  if (guest.series !== undefined && !release.startsWith(`${guest.series}.`))
    throw new Error(`${guest.suite} holds Linux ${release}, not ${guest.series}`);
  // Since 7.x the image is an empty package that needs the kernel and the modules.
  const parts = (await debian.needs(image)).filter((name) => /^linux-(binary|modules)-\d/.test(name));
  const folders = await debian.unpacked([image, ...parts]);
  const vmlinuz = folders.flatMap((folder) => imagesIn(folder, release)).find((file) => existsSync(file));
  if (vmlinuz === undefined) throw new Error(`no kernel in ${folders.join(" ")}`);
  return { release, vmlinuz, folders };
}

function imagesIn(folder: string, release: string): string[] {
  return [join(folder, "boot", `vmlinuz-${release}`), join(folder, "usr/lib/modules", release, "vmlinuz")];
}

/** The file of a kernel's module, by its name without `.ko`; undefined where it is built in, or not built. */
export function moduleFile(image: KernelImage, name: string): string | undefined {
  for (const folder of image.folders)
    for (const modules of ["lib/modules", "usr/lib/modules"]) {
      const at = join(folder, modules, image.release, "kernel");
      if (!existsSync(at)) continue;
      const found = readdirSync(at, { recursive: true, encoding: "utf8" }).find(
        (file) => file.endsWith(`/${name}.ko`) || file.endsWith(`/${name}.ko.xz`),
      );
      if (found !== undefined) return join(at, found);
    }
  return undefined;
}
