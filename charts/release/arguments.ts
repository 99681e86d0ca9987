import { parseArgs } from "node:util";
import { Fault } from "@atalaya/wire/framing";

/** What the chart's jobs are told: which of the release's workloads, and where the hub is. */
export type ReleaseArguments = {
  command: "leave" | "verify";
  namespace: string;
  daemonSets: string[];
  deployments: string[];
  /** What sensors have on their nodes, to be told to whom has to remove it by hand. */
  folders: string[];
  patienceMs: number | undefined;
  hub: string | undefined;
  caFile: string | undefined;
  proxy: string | undefined;
};

export const help = `Usage: atalaya release leave|verify --namespace NAME [--daemon-set NAME]... [--deployment NAME]...
         [--folder PATH]... [--patience SECONDS] [--hub URL --ca FILE [--proxy URL]]

The chart's own jobs, run in a pod of the release: \`leave\` has every sensor remove what it left on its node, \`verify\`
says whether every node is watched and the hub answers. Exit status 0 when so; 3 when a node has not left in time.`;

const options = {
  namespace: { type: "string" },
  "daemon-set": { type: "string", multiple: true },
  deployment: { type: "string", multiple: true },
  folder: { type: "string", multiple: true },
  patience: { type: "string" },
  hub: { type: "string" },
  ca: { type: "string" },
  proxy: { type: "string" },
} as const;

/** Throws Fault USAGE. */
export function readReleaseArguments(args: readonly string[]): ReleaseArguments {
  const { values, positionals } = parsed(args);
  const command = positionals[0];
  if ((command !== "leave" && command !== "verify") || positionals.length > 1 || values.namespace === undefined)
    throw new Fault(
      "USAGE",
      "release takes leave or verify, --namespace NAME, --daemon-set NAME and --deployment NAME",
    );
  return {
    command,
    namespace: values.namespace,
    daemonSets: values["daemon-set"] ?? [],
    deployments: values.deployment ?? [],
    folders: values.folder ?? [],
    patienceMs: readSeconds(values.patience),
    hub: values.hub,
    caFile: values.ca,
    proxy: values.proxy,
  };
}

function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Fault("USAGE", "release: --patience takes seconds");
  return Number(text) * 1_000;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new Fault("USAGE", `release: ${error instanceof Error ? error.message : String(error)}`);
  }
}
