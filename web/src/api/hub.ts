import {
  type Alert,
  type AlertAction,
  type AlertPage,
  type AlertSource,
  alertPageSchema,
  alertSchema,
  apiChangePageSchema,
  type DriftPolicy,
  driftPolicySchema,
  type EnrolledNode,
  enrolledNodeSchema,
  enrolmentTokenSchema,
  type InventoryCluster,
  type InventoryNamespacePage,
  type InventoryPodPage,
  type InventoryWorkloadPage,
  inventoryClustersSchema,
  inventoryNamespacePageSchema,
  inventoryPodPageSchema,
  inventoryWorkloadPageSchema,
  type ListedEnrolmentToken,
  ledgerPageSchema,
  type NodeLedger,
  type Notification,
  notificationSchema,
  type ProcessPage,
  processPageSchema,
  type RecorderPolicy,
  type Rule,
  recorderPolicySchema,
  ruleSchema,
  type Sensor,
  type Session,
  type Status,
  sensorSchema,
  sessionSchema,
  statusSchema,
} from "@atalaya/wire/api";
import * as z from "zod";
import { Refusal, refusalOf } from "./refusal.ts";

const rulesSchema = z.object({ rules: z.array(ruleSchema) });
const sensorsSchema = z.object({ sensors: z.array(sensorSchema) });
const nodesSchema = z.object({ nodes: z.array(enrolledNodeSchema) });
const enrolmentTokensSchema = z.object({ tokens: z.array(enrolmentTokenSchema) });
const testResultSchema = z.object({ ok: z.boolean(), detail: z.string() });

const inventoryPages = {
  namespaces: inventoryNamespacePageSchema,
  workloads: inventoryWorkloadPageSchema,
  pods: inventoryPodPageSchema,
};
export type InventoryPage = InventoryNamespacePage | InventoryWorkloadPage | InventoryPodPage;

type ApiChangePage = z.infer<typeof apiChangePageSchema>;

/** What the hub gave, and its ETag where it has one. */
export type Versioned<T> = { value: T; version: string | null };

/** The hub's API as the page uses it. Every method throws Refusal. */
export const hub = {
  session: (): Promise<Session> => call("GET", "session", sessionSchema),
  login: (user: string, password: string): Promise<Session> => call("POST", "login", sessionSchema, { user, password }),
  logout: (): Promise<unknown> => call("POST", "logout", z.unknown()),
  alerts: (query: URLSearchParams): Promise<AlertPage> => call("GET", `alerts?${query}`, alertPageSchema),
  alert: (id: string): Promise<Alert> => call("GET", `alerts/${encodeURIComponent(id)}`, alertSchema),
  act: (id: string, action: AlertAction): Promise<Alert> =>
    call("POST", `alerts/${encodeURIComponent(id)}/actions`, alertSchema, action),
  processes: (query: URLSearchParams): Promise<ProcessPage> => call("GET", `processes?${query}`, processPageSchema),
  testAlert: (): Promise<Alert> => call("POST", "test-alert", alertSchema),
  rules: async (): Promise<Rule[]> => (await call("GET", "rules", rulesSchema)).rules,
  switchRule: (rule: string, enabled: boolean): Promise<Rule> =>
    call("PUT", `rules/${encodeURIComponent(rule)}/enabled`, ruleSchema, { enabled }),
  sensors: async (): Promise<Sensor[]> => (await call("GET", "sensors", sensorsSchema)).sensors,
  /** The accounts of the first nodes; each sensor's card shows its own. */
  ledger: async (): Promise<NodeLedger[]> => (await call("GET", "ledger?limit=200", ledgerPageSchema)).nodes,
  inventoryClusters: async (): Promise<InventoryCluster[]> =>
    (await call("GET", "inventory/clusters", inventoryClustersSchema)).clusters,
  inventory: (list: keyof typeof inventoryPages, query: URLSearchParams): Promise<InventoryPage> =>
    call<InventoryPage>("GET", `inventory/${list}?${query}`, inventoryPages[list]),
  nodes: async (): Promise<EnrolledNode[]> => (await call("GET", "nodes", nodesSchema)).nodes,
  revokeNode: (id: string): Promise<unknown> => call("POST", `nodes/${encodeURIComponent(id)}/revoke`, z.unknown()),
  enrolmentTokens: async (): Promise<ListedEnrolmentToken[]> =>
    (await call("GET", "enrolment-tokens", enrolmentTokensSchema)).tokens,
  makeEnrolmentToken: (wish: { cluster: string; node?: string; valid_s: number }): Promise<ListedEnrolmentToken> =>
    call("POST", "enrolment-tokens", enrolmentTokenSchema, wish),
  revokeEnrolmentToken: (id: string): Promise<unknown> =>
    call("DELETE", `enrolment-tokens/${encodeURIComponent(id)}`, z.unknown()),
  changes: (after: string | null): Promise<ApiChangePage> =>
    call("GET", after === null ? "changes" : `changes?after=${encodeURIComponent(after)}`, apiChangePageSchema),
  driftPolicy: (): Promise<Versioned<DriftPolicy>> => callVersioned("GET", "drift-policy", driftPolicySchema),
  /** Only in place of that version: else Refusal CHANGED_SINCE. */
  saveDriftPolicy: (policy: DriftPolicy, replaces: string | null): Promise<Versioned<DriftPolicy>> =>
    callVersioned("PUT", "drift-policy", driftPolicySchema, policy, replaces),
  recorderPolicy: (): Promise<Versioned<RecorderPolicy>> =>
    callVersioned("GET", "recorder-policy", recorderPolicySchema),
  /** As `saveDriftPolicy`. */
  saveRecorderPolicy: (policy: RecorderPolicy, replaces: string | null): Promise<Versioned<RecorderPolicy>> =>
    callVersioned("PUT", "recorder-policy", recorderPolicySchema, policy, replaces),
  status: (): Promise<Status> => call("GET", "status", statusSchema),
  notification: (): Promise<Versioned<Notification>> => callVersioned("GET", "notification", notificationSchema),
  /** As `saveDriftPolicy`. */
  saveNotification: (value: Notification, replaces: string | null): Promise<Versioned<Notification>> =>
    callVersioned("PUT", "notification", notificationSchema, value, replaces),
  testNotification: (): Promise<{ ok: boolean; detail: string }> => call("POST", "notification/test", testResultSchema),
};

/** Where the alerts are that a drift policy is tried on. */
export const alertSource: AlertSource = {
  rules: hub.rules,
  alerts: hub.alerts,
  alert: hub.alert,
};

async function call<T>(method: string, path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
  return (await callVersioned(method, path, schema, body)).value;
}

/** `replaces` is the version that is to be changed. */
async function callVersioned<T>(
  method: string,
  path: string,
  schema: z.ZodType<T>,
  body?: unknown,
  replaces: string | null = null,
): Promise<Versioned<T>> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (method !== "GET") headers["x-atalaya-csrf"] = "1";
  if (body !== undefined) headers["content-type"] = "application/json";
  if (replaces !== null) headers["if-match"] = replaces;
  const request: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (body !== undefined) request.body = JSON.stringify(body);
  const answer = await fetch(`/api/v1/${path}`, request).catch(() => {
    throw new Refusal(0, "OFFLINE", "");
  });
  if (!answer.ok) throw await refusalOf(answer);
  const text = await answer.text();
  const parsed = schema.safeParse(text === "" ? undefined : parseJson(text));
  if (!parsed.success) throw new Refusal(answer.status, "SHAPE", "");
  return { value: parsed.data, version: answer.headers.get("etag") };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
