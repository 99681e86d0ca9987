import { auditCredentialSchema, Fault } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import * as z from "zod";
import { checkUse, readArguments, type Uses } from "../arguments.ts";
import type { Command } from "../command.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya audit kubeconfig CLUSTER [--server URL]
       atalaya audit policy
       atalaya audit list [--json]
       atalaya audit revoke ID

Connects a Kubernetes API server's audit log to the hub.

  kubeconfig  prints a file for --audit-webhook-config-file, with a credential of its own for this cluster
  policy      prints the recommended file for --audit-policy-file
  list        the credentials given out and when each was last used
  revoke      makes a credential worthless

  --server URL  the hub's address as the API server reaches it (default: the one this command uses)
  --data DIR    the hub of this data folder

Examples:
  atalaya audit kubeconfig shop-eu > /etc/kubernetes/atalaya-audit.kubeconfig
  atalaya audit policy > /etc/kubernetes/atalaya-audit-policy.yaml
  atalaya audit list`;

const options = {
  ...connectionOptions,
  server: { type: "string" },
  json: { type: "boolean", default: false },
} as const;
const uses: Uses = { kubeconfig: [1, "server"], policy: [0], list: [0, "json"], revoke: [1, "json"] };

export const audit: Command = { name: "audit", summary: "connect an API server's audit log", help, run };

async function run(args: string[]): Promise<number> {
  const read = readArguments("audit", args, options);
  const { values, positionals } = read;
  const [action, name] = positionals;
  checkUse("audit", action, read, uses);
  const hub = connectHub(values.data);
  if (action === "policy") {
    process.stdout.write(await hub.text("/api/v1/audit-policy"));
    return 0;
  }
  if (action === "list") {
    const { credentials } = await hub.get(
      "/api/v1/audit-credentials",
      z.object({ credentials: z.array(auditCredentialSchema) }),
    );
    for (const one of credentials) {
      const used =
        one.last_used_us === null ? "never used" : `last used ${new Date(one.last_used_us / 1000).toISOString()}`;
      const state = one.revoked_us === null ? used : "revoked";
      printLine(values.json ? JSON.stringify(one) : `${one.credential_id}  ${printable(one.cluster)}  ${state}`);
    }
    return 0;
  }
  if (action === "kubeconfig" && name !== undefined) {
    const query = values.server === undefined ? "" : `?${new URLSearchParams({ server: values.server })}`;
    process.stdout.write(await hub.postText(`/api/v1/audit-credentials/kubeconfig${query}`, { cluster: name }));
    return 0;
  }
  if (action === "revoke" && name !== undefined) {
    await hub.delete(`/api/v1/audit-credentials/${encodeURIComponent(name)}`);
    printLine(`revoked ${printable(name)}`);
    return 0;
  }
  throw new Fault("USAGE", "audit takes kubeconfig CLUSTER, policy, list or revoke ID. See: atalaya audit --help");
}
