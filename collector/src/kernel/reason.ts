import { kernelLimits } from "./kernel-limits.ts";

/** The error's name and what says most of the log: libbpf's sentences, and the verifier's last lines. */
export function reasonFrom(outcome: string): string {
  const [error = "", ...lines] = outcome.split("\n").map((line) => line.trim());
  const telling = lines.filter(
    (line) => line !== "" && !/^(mark_precise|from \d+ to|processed \d+|verification time|stack depth|--)/.test(line),
  );
  const text = [error, ...telling.slice(-8)].filter((line) => line !== "").join("; ");
  if (text.length <= kernelLimits.reasonCharactersMax) return text;
  return `${error}; …${text.slice(error.length - kernelLimits.reasonCharactersMax + 3)}`;
}
