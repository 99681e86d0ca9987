import { type AtalayaEvent, blankEvent } from "../index.ts";

/** One event of every class with every kind of column in use: what the golden bytes are of. */
export function sampleEvents(): AtalayaEvent[] {
  const actor = {
    time_us: 1_764_000_000_123_456,
    position: 4_294_967_297,
    pid: 4242,
    tid: 4242,
    start_us: 98_765_432_101,
    uid: 33,
    login_uid: 4_294_967_295,
    name: "bash",
    exe_path: "/usr/bin/bash",
    argv: ["bash", "-c", "echo ñandú 🛡"],
    exe_upper_layer: true,
    exe_memfd: false,
    ancestor_pids: [4000, 1],
    ancestor_starts_us: [98_765_000_000, 7],
    ancestor_names: ["php-fpm8.2", "systemd"],
    container_id: "victim",
    container_reason: "the bundle has no annotations",
  };
  const record = JSON.stringify({ kind: "Event", verb: "create" });
  return [
    { ...blankEvent("process"), ...actor, activity: "exec", exit_code: -1, clone_flags: 0 },
    { ...blankEvent("file"), ...actor, activity: "open_failed", path: "/etc/ld.so.preload", error: -13 },
    {
      ...blankEvent("network"),
      ...actor,
      activity: "connect",
      protocol: "tcp",
      dst_ip: "169.254.169.254",
      dst_port: 80,
    },
    { ...blankEvent("dns"), ...actor, activity: "query", query: "example.com", query_type: 28, answers: [] },
    { ...blankEvent("kernel"), ...actor, activity: "bpf", target: "map_update", target_pid: 0 },
    { ...blankEvent("api"), activity: "request", time_us: 1, audit_id: "a-1", source_ips: ["::1"], record },
    { ...blankEvent("sensor"), activity: "report", time_us: 2, report: "{}" },
  ];
}
