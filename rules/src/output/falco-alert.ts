import type { Match } from "../contract.ts";
import { isoTime, timeOfDay } from "../fields/time-text.ts";

/**
 * A match as Falco prints it with `json_output`, which its ecosystem reads (falcosidekick, Talon, our own tests), and
 * what is ours: `alert` (title, summary, severity, techniques) and `fold_key`.
 */
export function falcoAlert(match: Match, hostname: string): Record<string, unknown> {
  const { rule, event } = match;
  const time = isoTime(event.time_us) ?? null;
  const alert = rule.alert;
  return {
    time,
    rule: rule.name,
    priority: rule.priority,
    source: rule.source,
    hostname,
    output: `${timeOfDay(event.time_us) ?? "<NA>"}: ${rule.priority} ${match.output}`,
    tags: [...new Set(rule.tags)].sort(),
    output_fields: { "evt.time.iso8601": time, ...match.outputFields },
    fold_key: match.foldKey,
    ...(alert === undefined
      ? {}
      : {
          alert: {
            title: alert.title,
            summary: { en: match.render(alert.summary.en), es: match.render(alert.summary.es) },
            severity: alert.severity,
            attack: alert.attack,
          },
        }),
  };
}
