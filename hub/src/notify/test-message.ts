import { hostname } from "node:os";
import type { Alert } from "@atalaya/wire";
import type { Message } from "./shapes.ts";

/** A message that asks whether a webhook works: in the form of an alert, so that its reader's parser is tried too. */
export function testMessage(url: string, now = Date.now()): Message {
  const timeUs = now * 1000;
  const summary = {
    en: "This is a test of the notification. It is no threat.",
    es: "Esto es una prueba de la notificación. No es ninguna amenaza.",
  };
  const alert: Alert = {
    alert_id: "test",
    rule: "Notification test",
    source: "syscall",
    title: { en: "Notification test", es: "Prueba de notificación" },
    summary,
    description: summary,
    severity: "informational",
    priority: "Informational",
    status: "new",
    assignee: null,
    muted: false,
    count: 1,
    first_seen_us: timeUs,
    last_seen_us: timeUs,
    committed_us: timeUs,
    where: { node: hostname() },
    who: {},
    attack: [],
    tags: ["test"],
    triage: [],
    blind_spots: [],
    why: { kind: "leaf", text: "asked for on the notification page", result: true },
    rule_file: "",
    rule_line: 0,
    condition: "",
    output: summary.en,
    output_fields: {},
    process_tree: [],
    evidence: [],
    comments: [],
    raw: {},
  };
  return { alert, link: url, hostname: hostname() };
}
