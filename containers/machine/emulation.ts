import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Architecture, ownArchitecture } from "../images.ts";
import { run } from "../run.ts";

const kernelFolder = "/proc/sys/fs/binfmt_misc";
/** Debian's qemu-user-static names its programs, and the kernel's entries, so. */
const emulators: Readonly<Record<Architecture, string>> = { amd64: "qemu-x86_64", arm64: "qemu-aarch64" };

/** The static program that runs one program of the architecture. */
export const emulatorProgram = (architecture: Architecture) => `/usr/bin/${emulators[architecture]}-static`;

/**
 * Has the kernel start this architecture's programs (binfmt_misc), by the line that Debian's qemu-user-static has for it:
 * what systemd does when it boots, for machines without one. Stays until the machine restarts. Nothing to do on a machine of
 * that architecture, or where somebody else's entry of that name works in containers (flag F). Throws an Error with the
 * package or the command that is missing.
 */
export async function emulate(architecture: Architecture, say: (line: string) => void): Promise<void> {
  if (architecture === ownArchitecture()) return;
  const name = emulators[architecture];
  const rule = `/usr/lib/binfmt.d/${name}.conf`;
  if (!existsSync(`${kernelFolder}/register`)) await run("mount", ["-t", "binfmt_misc", "binfmt_misc", kernelFolder]);
  const entry = `${kernelFolder}/${name}`;
  if (existsSync(entry)) {
    const text = readFileSync(entry, "utf8");
    if (/^enabled$/m.test(text) && /^flags: \w*F/m.test(text)) return;
    throw new Error(`${entry} is off, or has not the flag F, without which it does not work in a container`);
  }
  if (!existsSync(rule)) throw new Error(`${rule} is missing: apt-get install qemu-user-static`);
  say(`the kernel starts ${architecture}'s programs by ${name} from now on`);
  writeFileSync(`${kernelFolder}/register`, readFileSync(rule));
}
