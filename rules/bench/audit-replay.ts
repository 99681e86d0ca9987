import { readFileSync } from "node:fs";
import { type ApiEvent, type AtalayaEvent, blankEvent } from "@atalaya/wire";
import { loadRules, makeEvaluator } from "../index.ts";

// node rules/bench/audit-replay.ts RULES.yaml [SECONDS] [--json]
//
// Evaluates audit events of about 1.4 kB with the rules given (Falco's k8s_audit_rules.yaml is what to compare with), in
// one thread. Each record's JSON is parsed once before, as a line of a log would be, and again when a rule asks for a
// field that is no column. Target: ten times the peer's 8,350 events/s on one core.

const targetPerSecond = 83_500;

const [path, secondsText = "3"] = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
if (path === undefined) {
  process.stderr.write("Usage: audit-replay.ts RULES.yaml [SECONDS] [--json]\n");
  process.exit(2);
}

const rules = loadRules([{ path, text: readFileSync(path, "utf8"), pack: path }]);
if (rules.problems.length > 0) {
  process.stderr.write(`${JSON.stringify(rules.problems)}\n`);
  process.exit(2);
}

const events = Array.from({ length: 512 }, (_, index) => auditEvent(index));
const bytes = events.reduce((sum, event) => sum + (event.record?.length ?? 0), 0) / events.length;

for (const match of ["first", "all"] as const) {
  const evaluator = makeEvaluator(rules, { match });
  run(evaluator.evaluate.bind(evaluator), 1);
  const { perSecond, matches } = run(evaluator.evaluate.bind(evaluator), Number(secondsText));
  report(
    `audit replay (${match}, ${rules.rules.length} rules, ${Math.round(bytes)} B, ${matches.toFixed(2)} matches each)`,
    perSecond,
    targetPerSecond,
  );
}

function run(evaluate: (event: AtalayaEvent) => readonly unknown[], seconds: number) {
  const start = performance.now();
  let count = 0;
  let matched = 0;
  while (performance.now() - start < seconds * 1_000) {
    for (const event of events) {
      if (JSON.parse(event.record ?? "") !== null) matched += evaluate(event).length;
    }
    count += events.length;
  }
  return { perSecond: (count * 1_000) / (performance.now() - start), matches: matched / count };
}

function report(name: string, value: number, target: number): void {
  const state = value >= target ? "ok" : "short";
  if (process.argv.includes("--json")) {
    process.stdout.write(`${JSON.stringify({ name, value: Math.round(value), unit: "events/s", target, state })}\n`);
  } else process.stdout.write(`${name}  ${Math.round(value)}  events/s  target ${target}  ${state}\n`);
}

/** What an API server logs on an ordinary day: mostly reads and leases by the cluster's own parts, some changes. */
function auditEvent(index: number): ApiEvent {
  const kinds = [
    { verb: "get", resource: "pods", user: "system:node:worker-1" },
    { verb: "update", resource: "leases", user: "system:kube-controller-manager" },
    { verb: "list", resource: "secrets", user: "system:serviceaccount:shop:web" },
    { verb: "watch", resource: "configmaps", user: "system:node:worker-2" },
    { verb: "create", resource: "pods", user: "system:serviceaccount:kube-system:replicaset-controller" },
    { verb: "patch", resource: "deployments", user: "ana@example.org" },
    { verb: "create", resource: "events", user: "system:node:worker-1" },
    { verb: "delete", resource: "pods", user: "system:node:worker-2" },
  ] as const;
  const { verb, resource, user } = kinds[index % kinds.length] ?? kinds[0];
  const objectRef = { resource, namespace: "shop", name: `web-6d4cf56db6-${index}`, apiVersion: "v1" };
  const container = {
    name: "web",
    image: `images.example.org/shop/web:1.${index}`,
    ports: [{ containerPort: 8080 }],
  };
  const record = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "RequestResponse",
    auditID: `3f6c2a1e-7b4d-4e0a-9c58-${String(index).padStart(12, "0")}`,
    stage: "ResponseComplete",
    requestURI: `/api/v1/namespaces/shop/${resource}/web-6d4cf56db6-${index}?timeoutSeconds=30`,
    verb,
    user: { username: user, groups: ["system:authenticated"], uid: "9a4f6f1d-0c5e-4b7a-8d2c-3b1e0f9a8b7c" },
    sourceIPs: ["10.0.0.17"],
    userAgent: "kube-controller-manager/v1.34.1 (linux/amd64) kubernetes/93248f9/leader-election",
    objectRef,
    responseStatus: { metadata: {}, code: verb === "create" ? 201 : 200 },
    requestObject: {
      kind: "Pod",
      apiVersion: "v1",
      metadata: {
        name: objectRef.name,
        namespace: "shop",
        labels: { app: "web", "pod-template-hash": "6d4cf56db6", "app.kubernetes.io/managed-by": "Helm" },
        annotations: { "checksum/config": "3d1c0f7b2c5a4e0d9b8a7c6d5e4f3a2b" },
      },
      spec: {
        containers: [{ ...container, resources: { limits: { cpu: "500m", memory: "256Mi" } } }],
        nodeName: "worker-1",
      },
    },
    requestReceivedTimestamp: "2026-11-24T10:15:10.104233Z",
    stageTimestamp: "2026-11-24T10:15:10.118790Z",
    annotations: {
      "authorization.k8s.io/decision": "allow",
      "authorization.k8s.io/reason":
        'RBAC: allowed by ClusterRoleBinding "system:controller:replicaset-controller" of ClusterRole',
    },
  };
  return {
    ...blankEvent("api"),
    activity: "request",
    time_us: 1_764_000_000_000_000 + index,
    audit_id: record.auditID,
    stage: record.stage,
    verb,
    user_name: user,
    user_agent: record.userAgent,
    source_ips: record.sourceIPs,
    resource,
    k8s_namespace: "shop",
    object_name: objectRef.name,
    response_code: record.responseStatus.code,
    record: JSON.stringify(record),
  };
}
