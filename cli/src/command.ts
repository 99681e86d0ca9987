/** One command of `atalaya`: what the overview says, and the function that runs it and gives the exit status. */
export type Command = {
  name: string;
  summary: string;
  /** Printed by `atalaya NAME --help`: usage, options and examples. Absent where the part prints its own. */
  help?: string;
  run(args: string[]): Promise<number>;
};
