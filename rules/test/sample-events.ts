import {
  type ApiEvent,
  blankEvent,
  type DnsEvent,
  type FileEvent,
  type KernelEvent,
  type NetworkEvent,
  type ProcessEvent,
} from "@atalaya/wire";
import { loadRules, type Match, makeEvaluator } from "../index.ts";

const actor = {
  time_us: 1_764_000_000_123_456,
  pid: 4_711,
  ns_pid: 57,
  ppid: 4_700,
  tty: 0,
  uid: 33,
  gid: 33,
  login_uid: 4_294_967_295,
  user_name: "www-data",
  cap_effective: 2 ** 21 + 2 ** 39 + 1,
  name: "curl",
  exe_path: "/usr/bin/curl",
  cwd: "/var/www",
  argv: ["/usr/bin/curl", "-s", "http://x"],
  exe_upper_layer: false,
  exe_memfd: false,
  ancestor_pids: [4_700, 4_600],
  ancestor_names: ["sh", "nginx"],
  ancestor_exe_paths: ["/usr/bin/dash", "/usr/sbin/nginx"],
  ancestor_cmdlines: ["/bin/sh -c curl", "nginx: worker process"],
  container_id: "9a4f6f1d0c5e4b7a8d2c3b1e0f9a8b7c",
  container_image: "localhost:5000/shop/web:1.2@sha256:abc",
  container_privileged: false,
  k8s_namespace: "shop",
};

export const exec = (over: Partial<ProcessEvent> = {}): ProcessEvent => ({
  ...blankEvent("process"),
  ...actor,
  activity: "exec",
  filename: "/usr/bin/curl",
  ...over,
});

export const open = (over: Partial<FileEvent> = {}): FileEvent => ({
  ...blankEvent("file"),
  ...actor,
  activity: "open",
  path: "/etc/shadow",
  open_flags: 0,
  path_trusted: true,
  ...over,
});

export const connect = (over: Partial<NetworkEvent> = {}): NetworkEvent => ({
  ...blankEvent("network"),
  ...actor,
  activity: "connect",
  protocol: "tcp",
  src_ip: "10.88.0.2",
  src_port: 41_000,
  dst_ip: "169.254.169.254",
  dst_port: 80,
  ...over,
});

export const question = (query: string, over: Partial<DnsEvent> = {}): DnsEvent => ({
  ...blankEvent("dns"),
  ...actor,
  activity: "query",
  query,
  query_type: 1,
  dst_ip: "10.96.0.10",
  dst_port: 53,
  protocol: "udp",
  ...over,
});

/** An audit event whose columns and record say the same. */
export function audit(record: Record<string, unknown> = {}, over: Partial<ApiEvent> = {}): ApiEvent {
  const whole = {
    auditID: "3f6c2a1e",
    stage: "ResponseComplete",
    verb: "create",
    requestURI: "/api/v1/namespaces/shop/pods?dryRun=All&command=sh&command=-c",
    user: { username: "ana", groups: ["dev", "system:authenticated"] },
    annotations: { "authorization.k8s.io/decision": "allow" },
    ...record,
  };
  return {
    ...blankEvent("api"),
    activity: "request",
    time_us: 1_764_000_000_123_456,
    audit_id: "3f6c2a1e",
    stage: "ResponseComplete",
    verb: "create",
    user_name: "ana",
    resource: "pods",
    k8s_namespace: "shop",
    object_name: "web",
    response_code: 201,
    source_ips: ["192.0.2.17"],
    record: JSON.stringify(whole),
    ...over,
  };
}

/** A rule file with one rule, named r. */
export function ruleText(condition: string, more: { source?: string; output?: string; extra?: string } = {}): string {
  const text = [
    "- rule: r",
    "  desc: d",
    `  condition: ${JSON.stringify(condition)}`,
    `  output: ${JSON.stringify(more.output ?? "o")}`,
    "  priority: WARNING",
    `  source: ${more.source ?? "syscall"}`,
    more.extra ?? "",
  ];
  return `${text.join("\n")}\n`;
}

export const load = (text: string, pack = "test") => loadRules([{ path: "rules.yaml", text, pack }]);

/** The matches of one condition on one event; fails on a condition that does not load. */
export function matches(
  condition: string,
  event: ProcessEvent | FileEvent | NetworkEvent | DnsEvent | KernelEvent | ApiEvent,
  output = "o",
): Match[] {
  const source = event.class === "api" ? "k8s_audit" : "syscall";
  const rules = load(ruleText(condition, { source, output }));
  if (rules.problems.length > 0) throw new Error(JSON.stringify(rules.problems));
  return makeEvaluator(rules).evaluate(event);
}

export const holds = (
  condition: string,
  event: ProcessEvent | FileEvent | NetworkEvent | DnsEvent | KernelEvent | ApiEvent,
): boolean => matches(condition, event).length > 0;
