import type { Alert, DoneBy } from "@atalaya/wire";

/** Fires for each program that a test runs to be recognised by: `/bin/cat /etc/proof-TAG`. */
export const proofRule = `
- rule: Proof Read
  desc: A test's program ran
  condition: evt.type = execve and proc.name = cat and proc.args contains "/etc/proof-"
  output: proof (command=%proc.cmdline container_id=%container.id pod=%k8s.pod.name)
  priority: Warning
  alert:
    title: { en: Proof read, es: Prueba leída }
    summary: { en: "“%proc.cmdline” ran", es: "«%proc.cmdline» se ejecutó" }
    description: { en: A test did it., es: Lo hizo una prueba. }
    severity: high
    attack: [{ id: T1059, name: Command and Scripting Interpreter, tactic: Execution }]
    triage: [{ en: Nothing to do., es: Nada que hacer. }]
    blind_spots: [{ en: "None.", es: "Ninguno." }]
    fold: [container.id]
`;

export const proofCommand = (tag: string): string => `/bin/cat /etc/proof-${tag}`;

/** What the alerts say of each tag's program; absent where no alert has it yet. */
export function saidOfProofs(alerts: readonly Alert[]): Map<string, readonly DoneBy[]> {
  const said = new Map<string, readonly DoneBy[]>();
  for (const one of alerts.flatMap((alert) => alert.evidence)) {
    const tag = /\/etc\/proof-([a-z0-9-]+)/.exec(one.output)?.[1];
    if (tag !== undefined) said.set(tag, one.done_by ?? []);
  }
  return said;
}

export type Verdict = "right" | "ambiguous" | "unknown" | "wrong";

/**
 * How what is said of who started it stands to who did. While audit records are still to come, an ambiguous answer may
 * leave him out: it says that it may be somebody whom nobody knows yet.
 */
export function verdictOf(said: readonly DoneBy[], user: string): Verdict {
  const started = said.find(({ how }) => how === "started");
  if (started === undefined) return "unknown";
  const isNamed = started.sessions.some((one) => one.user === user);
  if (!isNamed) return started.certainty === "known" ? "wrong" : "unknown";
  return started.certainty === "known" ? "right" : "ambiguous";
}

export function countsOf(verdicts: readonly Verdict[]): Record<Verdict, number> {
  const counts = { right: 0, ambiguous: 0, unknown: 0, wrong: 0 };
  for (const one of verdicts) counts[one] += 1;
  return counts;
}
