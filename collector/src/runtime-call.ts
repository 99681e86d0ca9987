import { isAbsolute, join } from "node:path";

/** The programs that make containers; the kernel's name of the task. */
export const containerRuntimes = new Set(["runc", "crun", "youki", "runsc"]);

const valueOptions = new Set([
  "--bundle",
  "-b",
  "--console-socket",
  "--pid-file",
  "--preserve-fds",
  "--config",
  "--user-log",
]);

/**
 * What a runtime was told to start: `runc [global options] create|run [options] ID` (runc-create(8), runc-run(8)).
 * Its command line names the bundle wherever the runtime keeps its state, so that containers of a runtime with a state
 * folder of its own (--root) are known too. Undefined for every other call.
 */
export function runtimeCall(argv: readonly string[], cwd: string): { id: string; bundle: string } | undefined {
  const verb = argv.findIndex((word, i) => i > 0 && (word === "create" || word === "run"));
  if (verb < 0) return undefined;
  let bundle = cwd;
  let id: string | undefined;
  for (let i = verb + 1; i < argv.length; i++) {
    const word = argv[i] as string;
    const equals = /^--bundle=(.+)$/.exec(word);
    if (equals?.[1] !== undefined) bundle = equals[1];
    else if (valueOptions.has(word)) {
      i += 1;
      if (word === "--bundle" || word === "-b") bundle = argv[i] ?? bundle;
    } else if (!word.startsWith("-")) id = word;
  }
  if (id === undefined) return undefined;
  return { id, bundle: isAbsolute(bundle) ? bundle : join(cwd, bundle) };
}
