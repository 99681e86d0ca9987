// Debian packages that the sensor, the simulation and the tests need, with how to see that one is there.
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { runCommand } from "./run-command.mjs";

const sensor = [
  { name: "clang", probe: ["/usr/bin/clang"] },
  { name: "llvm", probe: ["/usr/bin/llvm-strip"] },
  { name: "libbpf-dev", probe: ["/usr/include/bpf/libbpf.h"] },
  { name: "libelf-dev", probe: ["/usr/include/libelf.h"] },
  { name: "bpftool", probe: ["/usr/sbin/bpftool"] },
  { name: "gcc", probe: ["/usr/bin/gcc"] },
  { name: "libc6-dev", probe: ["/usr/include/stdio.h"] },
];
const simulation = [
  { name: "runc", probe: ["/usr/sbin/runc", "/usr/bin/runc"] },
  { name: "mmdebstrap", probe: ["/usr/bin/mmdebstrap"] },
  { name: "busybox-static", probe: ["/bin/busybox", "/usr/bin/busybox"] },
  { name: "iproute2", probe: ["/sbin/ip", "/usr/sbin/ip", "/usr/bin/ip"] },
];
const tests = [
  { name: "containerd", probe: ["/usr/bin/containerd"] },
  { name: "chromium", probe: ["/usr/bin/chromium"] },
  { name: "openssl", probe: ["/usr/bin/openssl"] },
  { name: "libclang-rt-dev", probe: ["/usr/share/doc/libclang-rt-dev/copyright"] }, // libFuzzer
  { name: "procps", probe: ["/bin/ps", "/usr/bin/ps"] },
  { name: "e2fsprogs", probe: ["/sbin/mkfs.ext4", "/usr/sbin/mkfs.ext4"] },
];

/** A real Kubernetes for tests (e2e/cluster), and the images that run on it. */
const cluster = [
  { name: "etcd-server", probe: ["/usr/bin/etcd"] },
  { name: "containernetworking-plugins", probe: ["/usr/lib/cni/bridge"] },
  { name: "iptables", probe: ["/usr/sbin/iptables"] },
  { name: "umoci", probe: ["/usr/bin/umoci"] },
  { name: "skopeo", probe: ["/usr/bin/skopeo"] },
  { name: "buildah", probe: ["/usr/bin/buildah"] },
];

/** Programs for arm64 made on amd64: for its image and its guest. */
const cross =
  process.arch === "x64"
    ? [
        { name: "gcc-aarch64-linux-gnu", probe: ["/usr/bin/aarch64-linux-gnu-gcc"] },
        { name: "libc6-dev-arm64-cross", probe: ["/usr/aarch64-linux-gnu/include/stdio.h"] }, // the compiler only recommends it
        { name: "xz-utils", probe: ["/usr/bin/xz"] }, // modules of newer kernels
      ]
    : [];

/** Runs what is made for another architecture: the last step of an image's build, and its test. */
const emulation = [{ name: "qemu-user-static", probe: ["/usr/bin/qemu-aarch64-static"] }];

/** Other kernels for tests (e2e/guests). */
const guests = [
  { name: "qemu-system-x86", probe: ["/usr/bin/qemu-system-x86_64"] },
  { name: "qemu-system-arm", probe: ["/usr/bin/qemu-system-aarch64"] },
];

/** The names of the packages that are missing, for `npm start`, for `npm test`, or for tests on a cluster too. */
export function missingSystemPackages({ withTests, withCluster, withGuests }) {
  const wanted = [
    ...sensor,
    ...simulation,
    ...(withTests ? tests : []),
    ...(withCluster ? [...cluster, ...emulation] : []),
    ...(withGuests ? guests : []),
    ...(withCluster || withGuests ? cross : []),
  ];
  return wanted.filter((one) => !one.probe.some(existsSync)).map((one) => one.name);
}

function isDebian() {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  return /^ID(_LIKE)?=.*debian/m.test(release) && existsSync("/usr/bin/apt-get");
}

/**
 * Installs what is missing, after a question on a terminal (none without one, or with `yes`).
 * Gives one sentence that says what is still missing and how to get it, or undefined when all is there.
 */
export async function installSystemPackages({ withTests, withCluster = false, withGuests = false, yes, log }) {
  const missing = missingSystemPackages({ withTests, withCluster, withGuests });
  if (missing.length === 0) return undefined;
  const names = missing.join(" ");
  if (process.platform !== "linux") return `The sensor needs Linux; on ${process.platform} everything else runs.`;
  if (!isDebian())
    return `Missing: ${names}. This is not Debian: install the packages that hold them, then run this again.`;
  if (process.getuid?.() !== 0) return `Missing: ${names}. Run as root, or first: sudo apt-get install ${names}`;
  if (!(await agreed(names, yes))) return `Missing: ${names}. When you want them: apt-get install ${names}`;
  log(`installing system packages: ${names}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await runCommand("apt-get", ["-q", "update"], { env, stdio: ["ignore", "ignore", "inherit"] });
  const args = ["-qq", "install", "-y", "--no-install-recommends", ...missing];
  await runCommand("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] });
  const left = missingSystemPackages({ withTests, withCluster, withGuests });
  return left.length === 0 ? undefined : `apt-get could not install ${left.join(" ")}: see its message above.`;
}

async function agreed(names, yes) {
  if (yes || !process.stdin.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `These system packages are missing: ${names}\nInstall them with apt-get? [Y/n] `,
  );
  terminal.close();
  return !/^n/i.test(answer.trim());
}
