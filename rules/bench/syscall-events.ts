import { readFileSync } from "node:fs";
import { type AtalayaEvent, blankEvent, type ProcessEvent } from "@atalaya/wire";
import { loadRules, makeEvaluator } from "../index.ts";

// node rules/bench/syscall-events.ts RULES.yaml... [--json]
//
// Harmless events of the sensor (program starts, opens, connections), evaluated with the rules given, in one thread.

const targetPerSecond = 100_000;
const paths = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const rules = loadRules(paths.map((path) => ({ path, text: readFileSync(path, "utf8"), pack: path })));
if (paths.length === 0 || rules.problems.length > 0) {
  process.stderr.write(`Usage: syscall-events.ts RULES.yaml... [--json]\n${JSON.stringify(rules.problems)}\n`);
  process.exit(2);
}

const actor: Partial<ProcessEvent> = {
  time_us: 1_764_000_000_000_000,
  pid: 4_711,
  ns_pid: 57,
  tty: 0,
  uid: 1_000,
  gid: 1_000,
  login_uid: 4_294_967_295,
  user_name: "app",
  cap_effective: 0,
  name: "worker",
  exe_path: "/usr/local/bin/worker",
  cwd: "/srv",
  argv: ["/usr/local/bin/worker", "--queue", "default", "--concurrency", "4"],
  exe_upper_layer: false,
  exe_memfd: false,
  ancestor_pids: [4_700, 4_600],
  ancestor_names: ["supervisord", "containerd-shim"],
  ancestor_exe_paths: ["/usr/bin/python3.11", "/usr/bin/containerd-shim-runc-v2"],
  ancestor_cmdlines: ["/usr/bin/python3 /usr/bin/supervisord", "/usr/bin/containerd-shim-runc-v2 -namespace k8s.io"],
  container_id: "9a4f6f1d0c5e4b7a8d2c3b1e0f9a8b7c",
  container_image: "images.example.org/shop/worker:1.2",
};
const samples: Record<string, AtalayaEvent> = {
  exec: { ...blankEvent("process"), ...actor, activity: "exec", filename: "/usr/local/bin/worker" },
  open: {
    ...blankEvent("file"),
    ...(actor as object),
    activity: "open",
    path: "/srv/data/config.json",
    open_flags: 0,
    path_trusted: true,
  },
  connect: {
    ...blankEvent("network"),
    ...(actor as object),
    activity: "connect",
    protocol: "tcp",
    src_ip: "10.88.0.2",
    src_port: 41_000,
    dst_ip: "10.96.0.10",
    dst_port: 5_432,
  },
};

for (const [name, event] of Object.entries(samples)) {
  const evaluator = makeEvaluator(rules);
  measure(evaluator, event, 500);
  const { perSecond, matches } = measure(evaluator, event, 2_000);
  const value = Math.round(perSecond);
  const state = value >= targetPerSecond ? "ok" : "short";
  const title = `evaluate ${name} (${rules.rules.length} rules, ${matches} matches)`;
  if (process.argv.includes("--json")) {
    process.stdout.write(
      `${JSON.stringify({ name: title, value, unit: "events/s", target: targetPerSecond, state })}\n`,
    );
  } else process.stdout.write(`${title}  ${value}  events/s  target ${targetPerSecond}  ${state}\n`);
}

function measure(evaluator: ReturnType<typeof makeEvaluator>, event: AtalayaEvent, milliseconds: number) {
  const start = performance.now();
  let count = 0;
  let matches = 0;
  while (performance.now() - start < milliseconds) {
    for (let i = 0; i < 1_000; i++) matches = evaluator.evaluate(event).length;
    count += 1_000;
  }
  return { perSecond: (count * 1_000) / (performance.now() - start), matches };
}
