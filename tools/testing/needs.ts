import { existsSync } from "node:fs";

export type Need = "kernel" | "containers" | "browser";

const obstacles: Record<Need, () => string | undefined> = {
  kernel: () => (process.getuid?.() === 0 && existsSync("/sys/kernel/btf/vmlinux") ? undefined : "needs root and BTF"),
  containers: () => (process.getuid?.() === 0 && existsSync("/usr/sbin/runc") ? undefined : "needs root and runc"),
  browser: () => (existsSync("/usr/bin/chromium") ? undefined : "needs Debian's chromium"),
};

/**
 * The `skip` option of a test that needs something of the machine: false, or the reason why it is skipped.
 * Where ATALAYA_REQUIRE (comma-separated) names the need, nothing is skipped: what can't run fails.
 */
export function skipUnless(...needs: Need[]): string | false {
  const required = (process.env["ATALAYA_REQUIRE"] ?? "").split(",");
  for (const need of needs) {
    const obstacle = obstacles[need]();
    if (obstacle !== undefined && !required.includes(need)) return obstacle;
  }
  return false;
}
