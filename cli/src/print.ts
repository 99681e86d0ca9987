import type { AlertSummary } from "@atalaya/wire";

/** Writes one line to standard output; gives up quietly when the reader went away (`| head`). */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const colours: Record<string, string> = { critical: "35", high: "31", medium: "33", low: "33", informational: "36" };

/** Characters that rewrite the terminal, reorder a line or hide in it, and halves of characters: shown as code points. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/** One alert as a line for people: time, severity, title, where, sentence. */
export function alertLine(alert: AlertSummary, language: "en" | "es"): string {
  const time = new Date(alert.last_seen_us / 1000).toISOString().slice(11, 23);
  const where = [
    alert.where.namespace,
    alert.where.pod ?? alert.where.container_name ?? alert.where.container_id,
    alert.where.node,
  ]
    .filter((part) => part !== undefined)
    .join("/");
  const severity = paint(alert.severity.padEnd(13), colours[alert.severity] ?? "0");
  const times = alert.count > 1 ? ` ×${alert.count}` : "";
  return `${time}  ${severity}  ${printable(alert.title[language])}${times}  [${printable(where)}]${byWhom(alert, language)}  ${printable(alert.summary[language])}`;
}

const words = {
  en: { by: "by", perhaps: "perhaps", or: " or " },
  es: { by: "por", perhaps: "quizá", or: " o " },
} as const;

/** Who did it, where that is known; who was merely there is not named. */
function byWhom({ by }: AlertSummary, language: "en" | "es"): string {
  if (by === undefined || by.how !== "started") return "";
  const text = words[language];
  const users = by.users.map(printable);
  return by.certainty === "known" ? ` ${text.by} ${users.join(", ")}` : ` ${text.perhaps} ${users.join(text.or)}`;
}

export function paint(text: string, colour: string): string {
  return process.stdout.isTTY && process.env["NO_COLOR"] === undefined ? `\u001b[${colour}m${text}\u001b[0m` : text;
}

/** The language of the terminal, from the usual variables. */
export function language(): "en" | "es" {
  const name = process.env["LC_ALL"] || process.env["LC_MESSAGES"] || process.env["LANG"] || "en";
  return name.startsWith("es") ? "es" : "en";
}
