import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A pod's container as the chart asks for it: read-only root, no new privileges, only the capabilities that are named.

export type ContainerWish = {
  root: string;
  args: readonly string[];
  uid: number;
  gids: readonly number[];
  env?: readonly string[];
  capabilities?: readonly string[];
  /** Folders in memory that may be written, owned by the user. */
  writable?: readonly string[];
  hostPid?: boolean;
};

const nothing = ["nosuid", "noexec", "nodev"];

function bundleConfig(wish: ContainerWish, id: string): object {
  const capabilities = wish.capabilities ?? [];
  const [gid = 0, ...additionalGids] = wish.gids;
  const tmpfs = (wish.writable ?? []).map((destination) => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "nodev", "mode=0700", `uid=${wish.uid}`, `gid=${gid}`],
  }));
  const sys = { destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "ro"] };
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: wish.uid, gid, additionalGids },
      args: wish.args,
      env: wish.env ?? [],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true,
    },
    root: { path: wish.root, readonly: true },
    hostname: "image-test",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: nothing },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755"] },
      ...(capabilities.length > 0 ? [sys] : []),
      ...tmpfs,
    ],
    linux: {
      cgroupsPath: `/${id}`,
      // The network is the one that this is started in: empty, with its loopback up.
      namespaces: [
        ...(wish.hostPid === true ? [] : [{ type: "pid" }]),
        { type: "ipc" },
        { type: "uts" },
        { type: "mount" },
      ],
      resources: { devices: [{ allow: false, access: "rwm" }] },
    },
  };
}

/** A container that runs; `close` ends and removes it. */
export type RunningContainer = {
  process: ChildProcess;
  exec(args: readonly string[]): { status: number | null; stdout: string; stderr: string };
  close(): void;
};

/** Starts one by runc, in a network namespace of its own. */
export function startInImage(wish: ContainerWish): RunningContainer {
  const id = `atalaya-image-${randomUUID().slice(0, 8)}`;
  const bundle = mkdtempSync(join(tmpdir(), `${id}-`));
  writeFileSync(join(bundle, "config.json"), JSON.stringify(bundleConfig(wish, id)));
  const runc = ["runc", "--root", join(bundle, "state")];
  const enter = ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
  const child = spawn("unshare", [...enter, ...runc, "run", "--bundle", bundle, id], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return {
    process: child,
    exec(args) {
      // The container has no network namespace of its own making, so what joins it must come from there.
      const from = [`--net=/proc/${child.pid}/ns/net`, ...runc, "exec", id, ...args];
      const { status, stdout, stderr } = spawnSync("nsenter", from, { encoding: "utf8" });
      return { status, stdout, stderr };
    },
    close() {
      const [program = "", ...rest] = runc;
      spawnSync(program, [...rest, "delete", "--force", id]);
      rmSync(bundle, { recursive: true, force: true });
    },
  };
}

/** Runs one to its end; gives its status and what it said. */
export async function runInImage(
  wish: ContainerWish,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const container = startInImage(wish);
  const texts = { stdout: "", stderr: "" };
  container.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
    texts.stdout += text;
  });
  container.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
    texts.stderr += text;
  });
  try {
    const status = await new Promise<number | null>((resolve) => container.process.on("close", resolve));
    return { status, ...texts };
  } finally {
    container.close();
  }
}
