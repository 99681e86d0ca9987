import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "../images.ts";
import { Debian } from "./debian.ts";
import { moduleBytesMax } from "./limits.ts";

/** Of a Debian suite; the series is named where the suite must hold that one and no other. */
export type KernelWish = { suite: string; architecture: Architecture; series?: string };

export type KernelImage = {
  /** What `uname -r` will say. */
  release: string;
  vmlinuz: string;
  /** Of the file system that containers' roots are. */
  overlay: Buffer;
};

/** Debian's newest cloud kernel of the suite. Throws an Error when the suite holds another series than wanted. */
export async function kernelImage(wish: KernelWish, say: (line: string) => void): Promise<KernelImage> {
  const debian = await Debian.open(wish.suite, wish.architecture, say);
  const wanted = `linux-image-cloud-${wish.architecture}`;
  const image = (await debian.needs(wanted)).find((name) => /^linux-image-\d/.test(name));
  if (image === undefined) throw new Error(`${wanted} of ${wish.suite} needs no kernel`);
  const release = image.slice("linux-image-".length);
  if (wish.series !== undefined && !release.startsWith(`${wish.series}.`))
    throw new Error(`${wish.suite} holds Linux ${release}, not ${wish.series}`);
  // Since 7.x the image is an empty package that needs the kernel and the modules.
  const parts = (await debian.needs(image)).filter((name) => /^linux-(binary|modules)-\d/.test(name));
  const folders = await debian.unpacked([image, ...parts]);
  const vmlinuz = folders.flatMap((folder) => imagesIn(folder, release)).find((file) => existsSync(file));
  if (vmlinuz === undefined) throw new Error(`no kernel in ${folders.join(" ")}`);
  return { release, vmlinuz, overlay: moduleOf(folders, release, "fs/overlayfs/overlay") };
}

/** A module of the kernel's that needs no other, as it is loaded: newer packages hold it compressed. */
function moduleOf(folders: readonly string[], release: string, name: string): Buffer {
  const places = folders.flatMap((folder) => ["lib", "usr/lib"].map((lib) => join(folder, lib, "modules", release)));
  for (const place of places) {
    const plain = join(place, "kernel", `${name}.ko`);
    if (existsSync(plain)) return readFileSync(plain);
    if (existsSync(`${plain}.xz`)) return execFileSync("xz", ["-dc", `${plain}.xz`], { maxBuffer: moduleBytesMax });
  }
  throw new Error(`no ${name} of Linux ${release} in ${folders.join(" ")}`);
}

function imagesIn(folder: string, release: string): string[] {
  return [join(folder, "boot", `vmlinuz-${release}`), join(folder, "usr/lib/modules", release, "vmlinuz")];
}
