import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Container, execInContainer } from "@atalaya/simulator";
import { Fault } from "@atalaya/wire";
import type { Route } from "./attack.ts";

const commandMs = 20_000;

/** `sensor`: its process id. */
export type Targets = { victim: Container; attacker: Container; sensor: number };

/** Runs one command in the victim by its route and waits for its end. The command's own status does not matter. */
export async function runRoute(route: Route, { victim, attacker, sensor }: Targets): Promise<void> {
  if ("exec" in route) await execInContainer(victim, [...route.exec], { timeoutMs: commandMs });
  else if ("privileged" in route) await execPrivileged(victim, route.privileged);
  else if ("besideSensor" in route)
    await runBeside(victim, route.besideSensor, route.target === "sensor" ? sensor : process.pid);
  else if ("terminal" in route) await execInTerminal(victim, route.terminal);
  else {
    const reply = await execInContainer(attacker, ["curl", ...request(route)], { timeoutMs: commandMs });
    if (reply.status !== 0) {
      throw new Fault("SIMULATION_FAILED", `the victim's page did not answer: curl ended with ${reply.status}`);
    }
  }
}

/** What prepares or tidies must work. */
export async function mustRunInside(victim: Container, argv: readonly string[]): Promise<void> {
  const { status, stderr } = await execInContainer(victim, [...argv], { timeoutMs: commandMs });
  if (status !== 0) throw new Fault("SIMULATION_FAILED", `${argv.join(" ")} ended with ${status}: ${stderr.trim()}`);
}

function request(route: { web: string } | { page: readonly string[] } | { get: string }): string[] {
  if ("web" in route) return ["-Gsf", "--data-urlencode", `cmd=${route.web}`, "http://victim/ws.php"];
  if ("get" in route) return ["-sf", `http://victim${route.get}`];
  const words = route.page.flatMap((word) => ["--data-urlencode", `argv[]=${word}`]);
  return ["-Gsf", ...words, "http://victim/run.php"];
}

/** The capabilities that attacks out of a container want, on top of the container's own. */
const capabilities = ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_BPF", "CAP_SYS_MODULE"];

/** It must succeed: only calls that did are told. */
async function execPrivileged(victim: Container, argv: readonly string[]): Promise<void> {
  const given = capabilities.flatMap((one) => ["--cap", one]);
  await promisify(execFile)("runc", ["--root", stateOf(victim), "exec", ...given, victim.id, ...argv], {
    timeout: commandMs,
  });
}

const stateOf = (victim: Container): string => join(dirname(dirname(victim.bundle)), "runc");

/** A shell of the node goes into the container's control groups and becomes the program: all that a container is to the sensor. */
async function runBeside(victim: Container, argv: readonly string[], target: number): Promise<void> {
  const groups = controlGroupsOf(await firstProcessOf(victim)).map((folder) => `echo $$ > ${folder}/cgroup.procs; `);
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", TARGET: String(target) };
  const options = { timeout: commandMs, env, cwd: "/" };
  await promisify(execFile)("sh", ["-c", `${groups.join("")}exec "$@"`, "sh", ...argv], options);
}

async function firstProcessOf(victim: Container): Promise<number> {
  const { stdout } = await promisify(execFile)("runc", ["--root", stateOf(victim), "state", victim.id]);
  return (JSON.parse(stdout) as { pid: number }).pid;
}

/** Where they are mounted: of the first version one for each controller, of the second one for all. */
function controlGroupsOf(pid: number): string[] {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
  const folders = lines.flatMap((line) => {
    const [, controllers = "", path = ""] = line.split(":");
    const name = controllers.replace(/^name=/, "");
    const roots = name === "" ? ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"] : [`/sys/fs/cgroup/${name}`];
    return roots.map((root) => join(root, path));
  });
  return folders.filter((folder) => existsSync(join(folder, "cgroup.procs")));
}

/** script(1) is the terminal; runc passes it on to the container. */
async function execInTerminal(victim: Container, argv: readonly string[]): Promise<void> {
  const quoted = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const command = `runc --root ${stateOf(victim)} exec -t ${victim.id} ${quoted}`;
  await promisify(execFile)("script", ["-qec", command, "/dev/null"], { timeout: commandMs });
}
