import type { Agent } from "node:https";
import type { TestContext } from "node:test";
import {
  type AlertPage,
  alertPageSchema,
  auditCredentialSchema,
  enrolledNodeSchema,
  enrolmentTokenSchema,
  type ListedToken,
  listedTokenSchema,
  madeAccountSchema,
  madeWorkspaceSchema,
  tokenSchema,
} from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import * as z from "zod";
import { evilExec } from "../core/hub-fixture.ts";
import { enrolNode } from "../enrol-node.ts";
import { inventoryFrame, packed, podRow, processFrame } from "../frames.ts";
import { type ServedHub, sendBytes } from "../served-hub.ts";

export type Role = "viewer" | "analyst" | "admin";
/** A workspace with people, a node, credentials and an alert, all of which carry its name. */
export type Tenant = {
  name: string;
  cluster: string;
  node: string;
  nodeAgent: Agent;
  auditToken: string;
  tokens: Record<Role | "scoped", string>;
  client: HubClient;
  alertId: string;
  nodeId: string;
  enrolmentTokenId: string;
  credentialId: string;
  tokenId: string;
  podUid: string;
};

export async function makeTenant(t: TestContext, hub: ServedHub, name: string): Promise<Tenant> {
  const made = await hub.client.post("/api/v1/workspaces", { workspace: name }, madeWorkspaceSchema);
  const open = (token: string) => new HubClient({ url: hub.client.url, ca: hub.caPem, token });
  const token = async (user: string, password: string, scope?: Role) => {
    const request = {
      user,
      password,
      workspace: name,
      name: `${name}-marker`,
      ...(scope === undefined ? {} : { scope }),
    };
    return (await hub.client.post("/api/v1/tokens", request, tokenSchema)).token;
  };
  const admin = await token("admin", made.password);
  const client = open(admin);
  const account = async (role: Role) => {
    const user = `${name}-marker-${role}`;
    const { password } = await client.post("/api/v1/accounts", { user, role }, madeAccountSchema);
    return await token(user, password);
  };
  const tokens = {
    ...{ viewer: await account("viewer"), analyst: await account("analyst"), admin },
    scoped: await token("admin", made.password, "viewer"),
  };
  const [cluster, node] = [`${name}-marker`, `${name}-marker-node`];
  const wish = { cluster, node };
  const first = await client.post("/api/v1/enrolment-tokens", wish, enrolmentTokenSchema);
  const nodeAgent = await enrolNode(hub.client.url, hub.caPem, first.token ?? "", node);
  t.after(() => nodeAgent.destroy());
  const frame = packed(processFrame([evilExec()], { node, cluster }));
  const sent = await sendBytes(`${hub.client.url}/v1/ingest`, frame, nodeAgent);
  if (sent.status !== 200) throw new Error(sent.text);
  const podUid = `${name}-marker-pod`;
  const claimed = { workspaceId: name, cluster, node };
  await hub.core.inventory.allow(claimed, podUid, (Date.now() + 3_600_000) * 1_000);
  const objects = packed(inventoryFrame([podRow({ uid: podUid, object_name: podUid })], { node, cluster }));
  const told = await sendBytes(`${hub.client.url}/v1/ingest`, objects, nodeAgent);
  if (told.status !== 200) throw new Error(told.text);
  const audit = await client.post("/api/v1/audit-credentials", { cluster }, auditCredentialSchema);
  const open2 = await client.post("/api/v1/enrolment-tokens", wish, enrolmentTokenSchema);
  // Its name has nothing of the tenant: who asks for it finds the name among their own changes.
  const keys = { issuer: `https://${name}-marker.example`, jwks: '{"keys":[{"kty":"EC"}]}' };
  await client.put(`/api/v1/clusters/keys-${name.length}`, keys, z.unknown());
  const setting = { enabled: false, url: `https://${name}-marker.example`, shape: "json", min_severity: "low" };
  await client.put("/api/v1/notification", { ...setting, stdout: false, file: null }, z.unknown());
  await client.put("/api/v1/drift-policy", { rules: [{ name: `${name}-marker`, action: "alert" }] }, z.unknown());
  await client.put("/api/v1/recorder-policy", { scopes: [{ name: `${name}-marker` }] }, z.unknown());
  const { alerts }: AlertPage = await client.get("/api/v1/alerts", alertPageSchema);
  const { nodes } = await client.get("/api/v1/nodes", z.object({ nodes: z.array(enrolledNodeSchema) }));
  const listed = await client.get("/api/v1/tokens", z.object({ tokens: z.array(listedTokenSchema) }));
  const ofViewer = listed.tokens.find((one: ListedToken) => one.user === `${name}-marker-viewer`);
  return {
    ...{ name, cluster, node, nodeAgent, auditToken: audit.token ?? "", tokens, client },
    ...{ alertId: alerts[0]?.alert_id ?? "", nodeId: nodes[0]?.node_id ?? "", enrolmentTokenId: open2.token_id },
    ...{ credentialId: audit.credential_id, tokenId: ofViewer?.token_id ?? "", podUid },
  };
}

/** All that a workspace's admin sees, but for what changes by itself. */
export async function everythingOf({ client }: Tenant): Promise<string> {
  const paths = [
    "alerts",
    "inventory/pods",
    "nodes",
    "tokens",
    "accounts",
    "enrolment-tokens",
    "clusters",
    "audit-credentials",
    "rules",
    "notification",
    "drift-policy",
    "recorder-policy",
  ];
  const texts = await Promise.all(paths.map((path) => client.text(`/api/v1/${path}`)));
  const changing = ["last_used_us", "histogram"];
  const held = (key: string, value: unknown) => (changing.includes(key) ? undefined : value);
  return texts.map((text) => JSON.stringify(JSON.parse(text), held)).join("\n");
}
