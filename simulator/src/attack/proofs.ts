import type { Step } from "./scenario.ts";

type Missing = Step["missing"];
type Text = string | ((outcome: Parameters<Missing>[0]) => string);

/** The step ended with status 0. */
export const succeeds: Missing = ({ status }) => (status === 0 ? undefined : `it ended with status ${status}`);

/** The step printed `text`, or what `text` makes of the outcome (a planted secret). */
export function prints(text: Text): Missing {
  return (outcome) => {
    const wanted = typeof text === "string" ? text : text(outcome);
    return outcome.output.includes(wanted)
      ? undefined
      : `its output lacks ${typeof text === "string" ? text : "the planted value"}`;
  };
}

/** The victim wrote the file at `path`. */
export function writes(path: string): Missing {
  return ({ wrote }) => (wrote(path) ? undefined : `${path} was not written`);
}

/** The attempt was made and refused with one of these statuses; `path`, if given, was not written. */
export function isRefused(statuses: number[], path?: string): Missing {
  return ({ status, wrote }) => {
    if (!statuses.includes(status)) return `it ended with status ${status} instead of being refused`;
    return path !== undefined && wrote(path) ? `${path} was written although it should be refused` : undefined;
  };
}

export function all(...proofs: Missing[]): Missing {
  return (outcome) => {
    for (const proof of proofs) {
      const missing = proof(outcome);
      if (missing !== undefined) return missing;
    }
    return undefined;
  };
}
