import type { Alert, Notification } from "@atalaya/wire";

/** What a message is made of; `link` opens the alert in the page. */
export type Message = { alert: Alert; link: string; hostname: string };

/** The webhook's body in the shape that was chosen. */
export function messageBody(shape: Notification["shape"], message: Message): string {
  if (shape === "slack") return JSON.stringify(slackMessage(message));
  if (shape === "falco") return JSON.stringify(falcoLine(message));
  return JSON.stringify(plainMessage(message));
}

/** Falco's JSON alert (docs: "JSON output"), so that what reads Falco's alerts reads ours; `atalaya` holds the rest. */
export function falcoLine({ alert, link, hostname }: Message): Record<string, unknown> {
  const time = nanoseconds(alert.first_seen_us);
  return {
    hostname: alert.where.node ?? hostname,
    output: `${time.slice(11, 29)}: ${alert.priority} ${alert.output}`,
    output_fields: alert.output_fields,
    priority: alert.priority,
    rule: alert.rule,
    source: alert.source,
    tags: alert.tags,
    time,
    atalaya: {
      alert_id: alert.alert_id,
      title: alert.title,
      severity: alert.severity,
      attack: alert.attack,
      count: alert.count,
      link,
    },
  };
}

function plainMessage({ alert, link, hostname }: Message): Record<string, unknown> {
  const { alert_id, rule, source, title, summary, description, severity, priority, status, count } = alert;
  const { first_seen_us, last_seen_us, where, who, attack, tags, triage, output, output_fields } = alert;
  return {
    type: "alert",
    hub: hostname,
    link,
    alert: {
      ...{ alert_id, rule, source, title, summary, description, severity, priority, status, count },
      ...{ first_seen_us, last_seen_us, where, who, attack, tags, triage, output, output_fields },
    },
  };
}

const colours = { critical: "#a4262c", high: "#d83b01", medium: "#f2a900", low: "#0078d4", informational: "#8a8886" };

/** A Slack incoming-webhook message with one attachment; Mattermost and Rocket.Chat read the same. */
function slackMessage({ alert, link }: Message): Record<string, unknown> {
  const { where } = alert;
  const fields = [
    ["Severity", alert.severity],
    ["Rule", alert.rule],
    ["Cluster", where.cluster],
    ["Node", where.node],
    ["Namespace", where.namespace],
    ["Pod", where.pod],
    ["Container", where.container_name ?? where.container_id?.slice(0, 12)],
    ["Image", where.image],
  ];
  return {
    text: `${alert.severity.toUpperCase()}: ${escapeSlack(alert.title.en)}`,
    attachments: [
      {
        color: colours[alert.severity],
        fallback: escapeSlack(`${alert.title.en}: ${alert.summary.en}`),
        title: escapeSlack(alert.title.en),
        title_link: link,
        text: escapeSlack(alert.summary.en),
        fields: fields
          .filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "")
          .map(([title, value]) => ({ title, value: escapeSlack(value), short: true })),
        footer: "Atalaya",
        ts: Math.floor(alert.first_seen_us / 1e6),
      },
    ],
  };
}

/** Slack's three control characters: else an attacker's process name could mention @channel or forge a link. */
function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Falco's time: nine digits of a second, UTC. We know six of them. */
function nanoseconds(us: number): string {
  const seconds = Math.floor(us / 1e6);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(us % 1e6).padStart(6, "0")}000Z`;
}
