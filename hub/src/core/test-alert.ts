import type { RuleFile } from "@atalaya/rules";
import { type AtalayaEvent, blankEvent } from "@atalaya/wire";

export const testRuleName = "Test Alert";

/** The rule behind `atalaya test-alert`: readable and switchable like every other. */
export const testRuleFile: RuleFile = {
  path: "hub/test-alert.yaml",
  pack: "built-in",
  text: `
- rule: ${testRuleName}
  desc: Somebody asked the hub for a test alert; nothing happened on any machine
  condition: evt.type = execve and proc.name = atalaya-test and container.id = atalaya-test
  output: A test alert was asked for (%proc.cmdline)
  priority: Informational
  tags: [test]
  alert:
    title:
      en: Test alert
      es: Alerta de prueba
    summary:
      en: "A test alert was asked for: “%proc.cmdline”"
      es: "Se pidió una alerta de prueba: «%proc.cmdline»"
    description:
      en: Somebody asked for this alert to see that alerts arrive. Nothing happened on any machine.
      es: Alguien pidió esta alerta para ver que las alertas llegan. No ocurrió nada en ninguna máquina.
    severity: informational
    attack: []
    triage:
      - en: Nothing is to be done. Resolve it.
        es: No hay nada que hacer. Resuélvala.
    blind_spots: []
    fold: [proc.cmdline]
`,
};

/** An event that the rule matches; the token makes it an alert of its own. */
export function testEvent(user: string, token: string): AtalayaEvent {
  const nowUs = Date.now() * 1_000;
  return {
    ...blankEvent("process"),
    activity: "exec",
    time_us: nowUs,
    pid: 1,
    start_us: 0,
    name: "atalaya-test",
    exe_path: "/usr/bin/atalaya-test",
    filename: "/usr/bin/atalaya-test",
    argv: ["atalaya-test", "--asked-by", user, "--token", token],
    ancestor_pids: [],
    ancestor_names: [],
    ancestor_starts_us: [],
    ancestor_exe_paths: [],
    ancestor_cmdlines: [],
    container_id: "atalaya-test",
    container_reason: "This event was made by the hub for a test.",
  };
}
