import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "esbuild";
import type { Architecture } from "../../containers/images.ts";
import { Debian } from "../../containers/machine/debian.ts";
import type { KernelImage } from "../../containers/machine/kernel-image.ts";
import { nodeProgram } from "../../containers/machine/npm-package.ts";
import { sensorFor } from "../../containers/machine/sensor-build.ts";
import { aptSources } from "../../simulator/src/victim/apt-sources.ts";
import { bundle } from "../../tools/bundle.mjs";
import { root } from "../../tools/setup/root.mjs";
import { cpio } from "./cpio.ts";
import { RootFiles } from "./root-files.ts";

/** What Node and the addon load, and one static program with the commands that a boot needs. */
const packages = ["libc6", "libgcc-s1", "libstdc++6", "libbpf1", "libelf1", "zlib1g", "busybox-static"];
const commands = ["sh", "mount", "ip", "sleep", "true", "echo", "cat", "cut"];
/** What the acts run, as /guest/NAME: what the collector's own tests run, too. */
const programs = [
  ...["acts", "calls", "changes", "detach", "mark", "stay"].map((name) => `programs/${name}.c`),
  ...["maps", "uring"].map((name) => `evasions/programs/${name}.c`),
].map((path) => join(root, "collector", "test", path));
/** What only a guest can do: this machine may have no modules. */
const ownPrograms = ["modules", "cost"].map((name) => join(import.meta.dirname, "inside", `${name}.c`));
/** Calls by another door, which only this architecture has. */
const programsOfAmd64 = [join(root, "collector", "test", "evasions", "programs", "int80.c")];
const unwanted = /^(usr\/)?share\/|^etc\//;

/**
 * The root of every guest of an architecture, as a cpio archive: Debian's libraries of this machine's release (the addon is
 * linked against them), Node, the collector as it ships (bundle, programs, addon), and the guest's program as /init's end.
 */
export async function guestRoot(
  architecture: Architecture,
  image: KernelImage,
  say: (line: string) => void,
): Promise<Buffer> {
  const files = new RootFiles();
  for (const name of ["dev", "proc", "sys", "tmp", "run", "root", "etc", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64"])
    files.folder(name);
  for (const name of ["bin", "sbin", "lib", "lib64"]) files.link(name, `usr/${name}`);
  const debian = await Debian.open(aptSources().suite, architecture, say);
  const unpacked = await debian.unpacked(packages);
  for (const folder of unpacked) files.tree(folder, "", (path) => !unwanted.test(path));
  for (const name of commands) files.link(`usr/bin/${name}`, "busybox");
  files.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n");
  files.file("init", readFileSync(join(import.meta.dirname, "inside", "init.sh")), true);
  files.file("guest/overlay.ko", image.overlay);
  files.file("atalaya/bin/node", readFileSync(await nodeProgram(architecture)), true);
  const sensor = await sensorFor(architecture, image, unpacked, say);
  files.tree(sensor.objects, "atalaya/collector/objects", (path) => !path.endsWith("vmlinux.h"));
  const all = [...programs, ...ownPrograms, ...(architecture === "amd64" ? programsOfAmd64 : [])];
  await layPrograms(files, all, sensor.compiler);
  layAuthority(files);
  return cpio(files.entries());
}

async function layPrograms(files: RootFiles, sources: readonly string[], compiler: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-guest-"));
  try {
    files.tree(await bundle(join(folder, "bundle"), ["collector"]), "atalaya");
    const main = join(folder, "guest.js");
    const entryPoints = [join(import.meta.dirname, "inside", "main.ts")];
    await build({ entryPoints, outfile: main, bundle: true, platform: "node", target: "node24", format: "esm" });
    files.file("guest/main.js", readFileSync(main));
    const flags = ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", "-pthread"];
    for (const source of sources) {
      const program = join(folder, basename(source, ".c"));
      execFileSync(compiler, [...flags, source, "-o", program]);
      files.file(`guest/${basename(program)}`, readFileSync(program), true);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a hub signs its word with, and what a node trusts. */
function layAuthority(files: RootFiles): void {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-guest-"));
  try {
    const [key, certificate] = [join(folder, "ca.key"), join(folder, "ca.pem")];
    const what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=hub"];
    execFileSync("openssl", ["req", ...what, "-keyout", key, "-out", certificate, "-days", "1"], { stdio: "ignore" });
    files.file("guest/ca.key", readFileSync(key));
    files.file("guest/ca.pem", readFileSync(certificate));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
