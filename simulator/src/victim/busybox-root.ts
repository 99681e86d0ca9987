import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Fault } from "@atalaya/wire";
import { findProgram } from "../programs.ts";
import { mustRun } from "../run-program.ts";
import { doNothingProgram } from "./do-nothing-program.ts";

/** Makes (or finds) a root with nothing in it but busybox under all its names. It takes a moment and no network. */
export async function makeBusyboxRoot(cacheFolder: string): Promise<string> {
  const path = join(cacheFolder, "victim-busybox");
  if (existsSync(path)) return path;
  const busybox = await staticBusybox();
  const partial = `${path}.part`;
  rmSync(partial, { recursive: true, force: true });
  for (const name of ["bin", "dev", "etc", "home", "proc", "run", "srv", "sys", "tmp", "var"]) {
    mkdirSync(join(partial, name), { recursive: true, mode: 0o755 });
  }
  chmodSync(join(partial, "tmp"), 0o1777);
  symlinkSync("bin", join(partial, "sbin"));
  mkdirSync(join(partial, "usr"));
  symlinkSync("../bin", join(partial, "usr/bin"));
  symlinkSync("../run", join(partial, "var/run"));
  copyFileSync(busybox, join(partial, "bin/busybox"));
  chmodSync(join(partial, "bin/busybox"), 0o755);
  const names = (await mustRun(busybox, ["--list"])).split("\n").filter((name) => /^[a-z0-9[\]_.-]+$/.test(name));
  for (const name of names.filter((one) => one !== "busybox" && one !== "true"))
    symlinkSync("busybox", join(partial, "bin", name));
  // busybox does what its name says; a copy of it under another name would do nothing but complain.
  writeFileSync(join(partial, "bin/true"), doNothingProgram(), { mode: 0o755 });
  writeFileSync(
    join(partial, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n",
  );
  writeFileSync(join(partial, "etc/group"), "root:x:0:\nwww-data:x:33:\n");
  renameSync(partial, path);
  return path;
}

async function staticBusybox(): Promise<string> {
  const path = findProgram("busybox");
  if (path === undefined) {
    throw new Fault(
      "SIMULATION_UNAVAILABLE",
      "Neither mmdebstrap nor busybox is here. Install one: apt-get install busybox-static",
    );
  }
  return path;
}
