/** A machine that is not this one (build.mjs says what each is). */
export type Machine = {
  name: string;
  architecture: string;
  kernel: string;
  compiler: string;
  link: readonly string[];
  types: string;
};

export function buildCollector(options: {
  root: string;
  log: (line: string) => void;
  machine?: Machine;
}): Promise<void>;
