import type { Alert, AlertSummary } from "@atalaya/wire";

/** An alert of the web-shell rule in the container `containerId`, with whatever is to be different. */
export function alertFixture(containerId: string, changes: Partial<AlertSummary> = {}): AlertSummary {
  const text = { en: "Possible Web Shell activity detected", es: "Detectada posible actividad de shell web" };
  return {
    alert_id: "01a20fc5119634c870696d6bf22c7011",
    rule: "Web Shell Activity",
    source: "syscall",
    title: text,
    summary: text,
    severity: "high",
    priority: "Critical",
    status: "new",
    assignee: null,
    muted: false,
    count: 1,
    first_seen_us: 2_000_000,
    last_seen_us: 2_000_000,
    committed_us: 2_100_000,
    where: { container_id: containerId },
    attack: [],
    tags: [],
    ...changes,
  };
}

/** The same as a whole, as its own page shows it. */
export function wholeAlertFixture(changes: Partial<Alert> = {}): Alert {
  return {
    ...alertFixture(""),
    description: { en: "", es: "" },
    triage: [],
    blind_spots: [],
    who: {},
    why: { kind: "leaf", text: "", result: true },
    rule_file: "web-shell.yaml",
    rule_line: 1,
    condition: "",
    output: "",
    output_fields: {},
    process_tree: [],
    evidence: [],
    comments: [],
    raw: {},
    ...changes,
  };
}
