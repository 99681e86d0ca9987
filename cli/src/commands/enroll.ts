import { readFileSync } from "node:fs";
import {
  clusterSchema,
  enrolmentTokenSchema,
  Fault,
  type ListedCluster,
  type ListedEnrolmentToken,
  readEnrolmentToken,
} from "@atalaya/wire";
import { connectHub, type HubClient } from "@atalaya/wire/client";
import * as z from "zod";
import { checkUse, readArguments, type Uses } from "../arguments.ts";
import type { Command } from "../command.ts";
import { durationSeconds, timeText } from "../duration.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya enroll token --cluster NAME [--node NAME] [--valid 1h] [--audit] [--server URL] [--json]
       atalaya enroll list [--json]
       atalaya enroll revoke ID
       atalaya enroll cluster NAME --issuer URL --jwks FILE [--namespace NAME] [--service-account NAME]
                              [--audit-service-account NAME]
       atalaya enroll clusters [--json]
       atalaya enroll forget NAME

Lets nodes send to the hub. A token is good for one node, once; it carries the SHA-256 of the hub's CA, so that the
node's first contact is already trusted.

  token   makes one, and prints what to run on the node
  list    the tokens that were given out; never their secrets
  revoke  takes one back that was not used yet

In a cluster nobody needs a token: its pods prove themselves by their service account, once its public keys are trusted.

  cluster   trusts the keys of a cluster's API server (kubectl get --raw /openid/v1/jwks)
  clusters  the clusters that are trusted
  forget    trusts a cluster no more; its nodes keep their certificates until they are revoked

  --cluster NAME  the cluster that the node belongs to
  --node NAME     only for this node; needed for one that is enrolled already
  --valid TIME    how long it can be used: 30m, 1h, 7d (default 1h, at most 7d)
  --audit         the node is one of the control plane: it may send the audit log of its API server
  --server URL    the hub's address as the node reaches it (default: the one this command uses)
  --issuer URL    the issuer of its tokens (kubectl get --raw /.well-known/openid-configuration)
  --jwks FILE     its public keys
  --namespace NAME, --service-account NAME
                  whose pods (default kube-system, atalaya-publisher)
  --audit-service-account NAME
                  whose pods run on the control plane and may send its audit log
                  (default atalaya-publisher-control-plane)
  --json          the token, or one a line, as JSON
  --data DIR      the hub of this data folder

Examples:
  atalaya enroll token --cluster shop-eu
  atalaya enroll token --cluster shop-eu --node node-7 --valid 10m --json
  atalaya enroll list
  atalaya enroll cluster shop-eu --issuer https://kubernetes.default.svc.cluster.local --jwks jwks.json`;

const options = {
  ...connectionOptions,
  cluster: { type: "string" },
  node: { type: "string" },
  valid: { type: "string", default: "1h" },
  server: { type: "string" },
  issuer: { type: "string" },
  jwks: { type: "string" },
  namespace: { type: "string" },
  "service-account": { type: "string" },
  "audit-service-account": { type: "string" },
  audit: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;
const listSchema = z.object({ tokens: z.array(enrolmentTokenSchema) });
const uses: Uses = {
  token: [0, "cluster", "node", "valid", "audit", "server", "json"],
  list: [0, "json"],
  revoke: [1, "json"],
  cluster: [1, "issuer", "jwks", "namespace", "service-account", "audit-service-account"],
  clusters: [0, "json"],
  forget: [1, "json"],
};

export const enroll: Command = { name: "enroll", summary: "let nodes send to the hub", help, run };

async function run(args: string[]): Promise<number> {
  const read = readArguments("enroll", args, options);
  const { values, positionals } = read;
  const [action, name] = positionals;
  checkUse("enroll", action, read, uses);
  if (action === "token" && values.cluster !== undefined)
    return await makeToken({ ...values, cluster: values.cluster });
  const hub = connectHub(values.data);
  if (action === "list") {
    const { tokens } = await hub.get("/api/v1/enrolment-tokens", listSchema);
    for (const one of tokens) printLine(values.json ? JSON.stringify(one) : tokenLine(one));
    return 0;
  }
  if (action === "revoke" && name !== undefined) return await revoke(hub, name);
  if (action === "clusters") return await listClusters(hub, values.json);
  if (action === "forget" && name !== undefined) {
    await hub.delete(`/api/v1/clusters/${encodeURIComponent(name)}`);
    printLine(`forgot ${printable(name)}`);
    return 0;
  }
  const { issuer, jwks, namespace, "service-account": service_account } = values;
  const audit_service_account = values["audit-service-account"];
  if (action === "cluster" && name !== undefined && issuer !== undefined && jwks !== undefined) {
    const wish = {
      issuer,
      jwks: readText(jwks),
      ...(namespace && { namespace }),
      ...(service_account && { service_account }),
      ...(audit_service_account && { audit_service_account }),
    };
    await hub.put(`/api/v1/clusters/${encodeURIComponent(name)}`, wish, z.unknown());
    printLine(`pods of ${printable(name)} can enrol their nodes`);
    return 0;
  }
  throw new Fault(
    "USAGE",
    "enroll takes token --cluster NAME, list, revoke ID, cluster NAME --issuer URL --jwks FILE, clusters or forget NAME. See: atalaya enroll --help",
  );
}

type Wish = {
  data?: string | undefined;
  cluster: string;
  node?: string | undefined;
  valid: string;
  audit: boolean;
  server?: string | undefined;
  json: boolean;
};

async function makeToken({ data, cluster, node, valid, audit, server, json }: Wish): Promise<number> {
  const of = { cluster, ...(node === undefined ? {} : { node }), may_audit: audit };
  const wish = { ...of, valid_s: durationSeconds("--valid", valid) };
  const hub = connectHub(data);
  const made = await hub.post("/api/v1/enrolment-tokens", wish, enrolmentTokenSchema);
  if (json) printLine(JSON.stringify(made));
  else for (const line of instructions(made, server ?? hub.url)) printLine(line);
  return 0;
}

/** What to run on the node. The token goes through a file: a command line is read by every process of a machine. */
function instructions({ token = "", cluster, node, expires_us }: ListedEnrolmentToken, url: string): string[] {
  const names = `--cluster ${shellWord(cluster)}${node === null ? "" : ` --node ${shellWord(node)}`}`;
  return [
    `# For ${node === null ? "one node" : `the node ${printable(node)}`} of ${printable(cluster)}, once, until ${timeText(expires_us)}. On the node, as root:`,
    "install -d -m 0700 /etc/atalaya",
    "(umask 077; cat > /etc/atalaya/enroll-token) <<'END'",
    token,
    "END",
    "atalaya publisher --socket /run/atalaya/collector.sock --spool /var/lib/atalaya/spool \\",
    "  --identity /var/lib/atalaya/identity --enroll-token /etc/atalaya/enroll-token \\",
    `  --hub ${shellWord(url)} ${names}`,
  ];
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", "'\\''")}'`;
}

async function revoke(hub: HubClient, name: string): Promise<number> {
  // Who pastes the whole token means its id; its secret goes nowhere.
  const id = readEnrolmentToken(name)?.id ?? name;
  await hub.delete(`/api/v1/enrolment-tokens/${encodeURIComponent(id)}`);
  printLine(`revoked ${printable(id)}`);
  return 0;
}

function tokenLine(one: ListedEnrolmentToken): string {
  const state =
    one.revoked_us !== null
      ? "revoked"
      : one.used_us !== null
        ? `used ${timeText(one.used_us)} by ${printable(one.used_by_node ?? "")}`
        : `${one.expires_us > Date.now() * 1_000 ? "good until" : "ended"} ${timeText(one.expires_us)}`;
  const node = one.node === null ? "any node" : printable(one.node);
  const audit = one.may_audit ? "  with its audit log" : "";
  return `${one.token_id}  ${printable(one.cluster)}, ${node}${audit}  ${state}  made by ${printable(one.created_by)}`;
}

async function listClusters(hub: HubClient, json: boolean): Promise<number> {
  const { clusters } = await hub.get("/api/v1/clusters", z.object({ clusters: z.array(clusterSchema) }));
  for (const one of clusters) printLine(json ? JSON.stringify(one) : clusterLine(one));
  return 0;
}

function clusterLine(one: ListedCluster): string {
  const whose = `${printable(one.namespace)}/${printable(one.service_account)}`;
  return `${printable(one.cluster)}  ${one.keys} keys of ${printable(one.issuer)}  for ${whose}  by ${printable(one.created_by)}`;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Fault("USAGE", `${file} cannot be read: save what kubectl get --raw /openid/v1/jwks prints`, {}, error);
  }
}
