// Frames as a collector drains them every 10 ms at 2,000 events/s: 5 % exec, 85 % open, 10 % connect.
import { blankEvent, EventEncoder, encodeFrame, rings } from "@atalaya/wire";

type Name = "process" | "file" | "network";
const perTick: Record<Name, number> = { process: 1, file: 17, network: 2 };
export const eventsPerTick = 20;
export const tickMs = 10;

const programs = ["nginx", "postgres", "node", "python3", "sh", "curl", "java", "redis-server", "php-fpm", "kubelet"];

/** A few hundred processes in some dozens of containers, five ancestors deep. */
function actorOf(i: number) {
  const program = programs[i % programs.length] ?? "sh";
  const pids = Array.from({ length: 5 }, (_, depth) => 1 + ((i * 7919 + depth * 104_729) % 60_000));
  const names = pids.map((pid) => programs[pid % programs.length] ?? "sh");
  return {
    pid: 1_000 + i,
    tid: 1_000 + i,
    start_us: 40_000_000 + i * 7_919_113,
    exec_us: 40_000_100 + i * 7_919_113,
    ppid: pids[0] ?? 1,
    parent_start_us: 30_000_000 + i * 104_729,
    ns_pid: 10 + (i % 50),
    session_id: 100 + (i % 40),
    uid: i % 3 === 0 ? 0 : 1_000,
    gid: 0,
    euid: 0,
    login_uid: 4_294_967_295,
    cap_effective: 0x1ff_ffff_ffff,
    mnt_ns: 4_026_532_000 + (i % 40),
    pid_ns: 4_026_533_000 + (i % 40),
    net_ns: 4_026_534_000 + (i % 40),
    user_name: "app",
    name: program.slice(0, 15),
    exe_path: `/usr/bin/${program}`,
    cwd: `/srv/app-${i % 40}`,
    argv: [program, "--config", `/etc/${program}/${i % 40}.conf`, `--worker=${i}`],
    ancestor_pids: pids,
    ancestor_starts_us: pids.map((pid) => pid * 1_000_003),
    ancestor_names: names,
    ancestor_exe_paths: names.map((name) => `/usr/bin/${name}`),
    ancestor_cmdlines: names.map((name, at) => `${name} --depth ${at} --of ${i % 40}`),
    cgroup_id: 5_000 + (i % 40),
    container_id: (i % 40).toString(16).padStart(2, "0").repeat(32),
    container_runtime: "containerd",
    container_name: `app-${i % 40}`,
    container_image: `example.com/team/app-${i % 40}:1.${i % 9}`,
    container_privileged: false,
    k8s_namespace: "default",
    k8s_pod: `app-${i % 40}-7d9c6b5f4-x${i % 40}`,
    k8s_pod_uid: `00000000-0000-4000-8000-0000000000${10 + (i % 40)}`,
  };
}
const actors = Array.from({ length: 400 }, (_, i) => actorOf(i));

function eventOf(name: Name, n: number, position: number) {
  const actor = { ...blankEvent(name), ...actors[(n * 31) % actors.length], time_us: Date.now() * 1_000, position };
  if (name === "process")
    return {
      ...actor,
      activity: "exec",
      filename: actor.exe_path,
      argc: 4,
      exe_inode: 1_000 + (n % 977),
      exe_mode: 0o755,
    };
  if (name === "file")
    return {
      ...actor,
      activity: "open",
      path: `/var/lib/app/${n % 97}/data-${n % 4_001}.json`,
      inode: n,
      open_flags: 0x8000,
      path_trusted: true,
    };
  const dst_ip = `10.0.${n % 200}.${(n * 7) % 250}`;
  return {
    ...actor,
    activity: "connect",
    protocol: "tcp",
    dst_ip,
    dst_port: 443,
    src_ip: "10.1.2.3",
    src_port: 30_000 + (n % 30_000),
  };
}

/** Makes the frames of one tick after another. */
export class MadeLoad {
  readonly #encoder = new EventEncoder();
  #n = 0;
  rawBytes = 0;

  tick(): { name: Name; position: number; bytes: Buffer }[] {
    return (["process", "file", "network"] as const).map((name) => {
      this.#encoder.reset();
      const first = this.#n + 1;
      for (let i = 0; i < perTick[name]; i++) {
        this.#n++;
        this.#encoder.add(eventOf(name, this.#n, this.#n) as unknown as Parameters<EventEncoder["add"]>[0]);
      }
      const span = { firstPosition: first, lastPosition: this.#n, firstTimeUs: 1, lastTimeUs: 2 };
      const origin = { node: "n", cluster: "c", containerId: "", workspace: "" };
      const stream = {
        bootId: "0".repeat(32),
        layoutHash: "1".repeat(16),
        ring: name === "process" ? rings.lifecycle : rings.bulk,
      };
      const header = { class: name, eventCount: perTick[name], ...span, ...origin, ...stream };
      const bytes = encodeFrame(header, this.#encoder.bytes());
      this.rawBytes += bytes.length;
      return { name, position: first, bytes };
    });
  }
}
