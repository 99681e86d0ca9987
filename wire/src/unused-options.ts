import { Fault } from "./faults.ts";

/** As `parseArgs` of `node:util` gives them with `tokens: true`. */
type Token = { kind: string; name?: string };

/** The names of the options that were given, each as often as it was; those that stand by their default alone are not among them. */
export function givenOptions(tokens: readonly Token[]): string[] {
  return tokens.flatMap(({ kind, name }) => (kind === "option" && name !== undefined ? [name] : []));
}

/**
 * An option that was given, and that this use of a command makes nothing of, is a Fault USAGE which names it: who gave it
 * believes that it does something. `command` is the one whose --help says more, `use` what was asked of it (`drift get`).
 */
export function refuseUnused(
  command: string,
  use: string,
  given: readonly string[],
  ...takes: readonly string[]
): void {
  const unused = new Set(given.filter((name) => !takes.includes(name)));
  if (unused.size === 0) return;
  const names = [...unused].map((name) => `--${name}`).join(", ");
  throw new Fault("USAGE", `${use} makes nothing of ${names}. See: atalaya ${command} --help`);
}
