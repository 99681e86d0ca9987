// The kernels that people run, as Debian builds them for clouds: each release's newest, and what comes next.

import type { Architecture } from "../../containers/images.ts";
import { crossKernel } from "../../containers/machine/sensor-build.ts";

export type Guest = {
  /** In tests, results and docs/kernels.md. */
  name: string;
  /** The Debian suite that the kernel is from. */
  suite: string;
  architecture: Architecture;
  /** The series that the suite holds; absent where it moves on (sid). */
  series?: string;
  /** Programs that do not run there, and have no stand-in: one that is not named here fails the test. */
  lacks?: readonly string[];
  /** Started without the BPF LSM, as most kernels are: what would be refused is killed. */
  withoutLsm?: true;
  /** The collector starts with `--no-function-hooks`: tracepoints stay proved on a kernel that lets programs hang at its functions. */
  withoutFunctionHooks?: true;
  /** Its processors, where they are not as many as `guestProcessors`. */
  processors?: number;
  /** Events (`class.activity`) of what the kernel cannot do: one that is not named here and not told fails the test. */
  without?: readonly string[];
};

/** Before Linux 5.17 a program cannot ask which file a piece of memory is of (bpf_find_vma). */
const mprotectWithoutFile = ["exit_mprotect", "exit_mprotect_ia32"];

/** Before Linux 6.0 its tracepoint does not say of which request it speaks. */
const uringWithoutRequest = ["uring_complete"];

/** What a request opens lies in another structure since Linux 7.2. */
const uringWithoutName = ["uring_submit"];

/** Older kernels (6.1 does, 6.12 does not) wait without end for a second processor under a clock that counts instructions. */
const oneProcessor = { processors: 1 };

export const guests: readonly Guest[] = [
  {
    name: "5.10-amd64",
    suite: "bullseye",
    architecture: "amd64",
    series: "5.10",
    ...oneProcessor,
    // Its types lack the functions of this call.
    lacks: [...mprotectWithoutFile, ...uringWithoutRequest, "exit_perf_event_open_ia32"],
    without: ["kernel.mount_setattr"], // of Linux 5.12
  },
  {
    name: "6.1-amd64",
    suite: "bookworm",
    architecture: "amd64",
    series: "6.1",
    withoutLsm: true,
    withoutFunctionHooks: true,
    ...oneProcessor,
  },
  { name: "6.12-amd64", suite: "trixie", architecture: "amd64", series: "6.12" },
  { name: "newest-amd64", suite: "sid", architecture: "amd64", lacks: uringWithoutName },
  { name: "newest-arm64", ...crossKernel("arm64"), lacks: uringWithoutName },
];

/** Whether it is known that the program does not run there: tracepoints tell no 32-bit calls. */
export function isLackedBy({ lacks, withoutFunctionHooks }: Guest, program: string): boolean {
  return lacks?.includes(program) === true || (withoutFunctionHooks === true && program.endsWith("_ia32"));
}

type Emulation = { program: string; package: string; machine: string; processor: string; console: string };

/** How QEMU plays each architecture, and the kernel's name of its serial line. */
export const emulations: Readonly<Record<Architecture, Emulation>> = {
  amd64: {
    program: "qemu-system-x86_64",
    package: "qemu-system-x86",
    machine: "q35",
    processor: "max",
    console: "ttyS0",
  },
  // What clouds have. "max" also signs each return address, which emulation pays for.
  arm64: {
    program: "qemu-system-aarch64",
    package: "qemu-system-arm",
    machine: "virt",
    processor: "neoverse-n1",
    console: "ttyAMA0",
  },
};
