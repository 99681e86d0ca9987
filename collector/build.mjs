// Builds the BPF objects and the addon into build/collector. Runs on Node 20: it is part of the set-up.
import { execFileSync } from "node:child_process";
import {
  accessSync,
  constants,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, release } from "node:os";
import { delimiter, join } from "node:path";
import { runCommand } from "../tools/setup/run-command.mjs";
import { dropStamp, hashInputs, isFresh, writeStamp } from "../tools/setup/stamp.mjs";

const bpfArchitectures = { x64: "x86", arm64: "arm64" };
/** Line information and messages name sources from the checkout (and the compilers run there): the same wherever it lies. */
const withoutPlace = (root) => `-ffile-prefix-map=${root}=.`;
const compilerFlags = ["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", "-D_GNU_SOURCE"];

/** This machine: what is built runs here. */
const ownMachine = {
  name: "collector",
  architecture: process.arch,
  kernel: release(),
  compiler: "gcc",
  link: ["-lbpf"],
};

/**
 * Builds `<root>/build/collector/{*.bpf.o,addon.node,healthy,sources.sha256,records.sha256}` when sources or kernel changed.
 * For another machine, `machine` says: the folder's name below build/, the architecture as Node names it, the kernel that its
 * types are of, the compiler, what the addon is linked with, and `types`, a file of raw BTF.
 * Throws an Error that names the tool, the package that holds it, or the command that failed.
 */
export async function buildCollector({ root, log, machine = ownMachine }) {
  const source = join(root, "collector");
  const target = join(root, "build", machine.name);
  const stamp = join(root, "build", `${machine.name}.stamp`);
  const inputs = ["bpf", "addon", "build.mjs"].map((name) => join(source, name));
  const sources = hashInputs(inputs);
  // The kernel's types are part of what is built: another kernel, another build.
  const digest = `${sources} ${hashInputs([join(source, "native")])} ${machine.kernel} ${machine.architecture}`;
  if (isFresh(stamp, digest) && isComplete(source, target, machine.architecture)) return;
  dropStamp(stamp);
  log(`building the sensor${machine === ownMachine ? "" : ` for ${machine.architecture}`}`);
  const fresh = `${target}.${process.pid}.new`; // two builds at once must not meet
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  writeFileSync(join(fresh, "vmlinux.h"), kernelTypes(machine.types));
  // As many at a time as there are processors.
  const left = objectsOf(source, machine.architecture);
  const compileLeft = async () => {
    for (let object = left.shift(); object !== undefined; object = left.shift())
      await compileObject(root, join(source, "bpf"), fresh, object, machine.architecture);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compileLeft));
  await compileAddon(root, source, fresh, machine);
  await compileProbe(root, source, fresh, machine);
  writeFileSync(join(fresh, "sources.sha256"), sources);
  // Whoever finds the rings of another build can read them where this is the same.
  const records = ["record.h", "change-record.h", "watch-record.h", "map-values.h", "maps.h"].map((name) =>
    join(source, "bpf", name),
  );
  writeFileSync(join(fresh, "records.sha256"), hashInputs(records));
  replaceFiles(fresh, target);
  writeStamp(stamp, digest);
}

/** What hangs at the exit of calls is built for each place where it can hang (bpf/syscall.h). */
const ownMemory = ["-DSCRATCH_MAP=scratches_32", "-DWALK_MAP=walks_32"];
const places = [
  { suffix: "", flags: [] },
  { suffix: "-fexit", flags: ["-DAT_FUNCTIONS"] },
  { suffix: "-ia32", flags: ["-DAT_32_BIT_FUNCTIONS", ...ownMemory], onlyOn: "x64" },
];

function objectsOf(source, architecture) {
  const here = places.filter(({ onlyOn = architecture }) => onlyOn === architecture);
  const names = readdirSync(join(source, "bpf")).filter((name) => name.endsWith(".bpf.c"));
  return names.flatMap((name) => {
    const hangsAtExits = /^(AT_EXIT|EXIT_PROGRAM)/m.test(readFileSync(join(source, "bpf", name), "utf8"));
    return (hangsAtExits ? here : here.slice(0, 1)).map(({ suffix, flags }) => ({
      from: name,
      object: name.replace(/\.bpf\.c$/, `${suffix}.bpf.o`),
      flags,
    }));
  });
}

function isComplete(source, target, architecture) {
  const wanted = [
    ...objectsOf(source, architecture).map(({ object }) => object),
    "addon.node",
    "healthy",
    "sources.sha256",
    "records.sha256",
  ];
  return wanted.every((name) => isReadable(join(target, name)));
}

function isReadable(path) {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** A running collector has the addon mapped: new files take the place of old ones, none is written over. */
function replaceFiles(fresh, target) {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(fresh)) {
    const beside = join(target, `.${name}.new`);
    copyFileSync(join(fresh, name), beside);
    renameSync(beside, join(target, name));
  }
  rmSync(fresh, { recursive: true, force: true });
}

function kernelTypes(file = "/sys/kernel/btf/vmlinux") {
  const bpftool = tool("bpftool", "bpftool");
  try {
    const args = ["btf", "dump", "file", file, "format", "c"];
    return execFileSync(bpftool, args, { maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    throw new Error(`bpftool cannot read the kernel's types (${file}): ${error.message}`);
  }
}

async function compileObject(root, folder, target, { from, object: name, flags: more }, nodeArchitecture) {
  const architecture = bpfArchitectures[nodeArchitecture];
  if (architecture === undefined)
    throw new Error(`The sensor is not built for ${nodeArchitecture}, only for x64 and arm64.`);
  const flags = ["-g", "-O2", "-Wall", "-Werror", "-target", "bpf", "-mcpu=v3", `-D__TARGET_ARCH_${architecture}`];
  // Newer kernels have structures inside others without a name.
  flags.push("-fms-extensions", "-Wno-microsoft-anon-tag", withoutPlace(root), ...more);
  const object = join(target, name);
  await run(root, tool("clang", "clang"), [
    ...flags,
    `-I${target}`,
    `-I${folder}`,
    "-c",
    join(folder, from),
    "-o",
    object,
  ]);
  await run(root, tool("llvm-strip", "llvm"), ["-g", object]); // drops DWARF, keeps BTF
}

async function compileAddon(root, source, target, { compiler, link: libraries }) {
  const headers = join(root, "node_modules", "node-api-headers", "include");
  const folder = join(source, "addon");
  const files = readdirSync(folder).filter((name) => name.endsWith(".c"));
  const paths = files.map((name) => join(folder, name));
  const link = ["-shared", "-fPIC", `-I${headers}`, ...paths, ...libraries, "-o", join(target, "addon.node")];
  await run(root, tool(compiler, compiler), [...compilerFlags, withoutPlace(root), ...link]);
}

/** Static: in the image it has only itself. */
async function compileProbe(root, source, target, { compiler }) {
  const flags = ["-static", "-Os", "-s", "-Wall", "-Wextra", "-Werror"];
  await run(root, tool(compiler, compiler), [
    ...flags,
    withoutPlace(root),
    join(source, "native", "healthy.c"),
    "-o",
    join(target, "healthy"),
  ]);
}

function tool(name, packageName) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  const found = folders.map((folder) => join(folder, name)).find(isReadable);
  if (found === undefined) throw new Error(`${name} is missing: apt-get install ${packageName}`);
  return found;
}

async function run(root, file, args) {
  const status = await runCommand(file, args, { cwd: root });
  if (status !== 0) throw new Error(`this command failed with status ${status}, see above: ${file} ${args.join(" ")}`);
}
