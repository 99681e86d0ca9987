// What system calls cost while the sensor watches, and without it. The guest's clock counts instructions (docs/decisions/0031).
import { writeFileSync } from "node:fs";
import { runProgram } from "./guest-watch.ts";

/** A file that nobody asks for. */
const file = "/tmp/nobodys";

const ways = { getppid: ["getppid"], "open and close": ["open", file] };

/** Instructions of one call, by its name behind `when`. */
export function costs(when: string): Record<string, number> {
  writeFileSync(file, "");
  const entries = Object.entries(ways).map(([name, args]) => {
    const { status, stdout, stderr } = runProgram("/guest/cost", args);
    if (status !== 0) throw new Error(`cost ${name} ended with ${status}: ${stderr}`);
    return [`${name}, ${when}`, Number(stdout)] as const;
  });
  return Object.fromEntries(entries);
}
