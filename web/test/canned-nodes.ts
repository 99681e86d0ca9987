import {
  type ApiChange,
  apiChangeSchema,
  type EnrolledNode,
  enrolledNodeSchema,
  enrolmentTokenSchema,
  type ListedEnrolmentToken,
  type NodeLedger,
  nodeLedger,
} from "@atalaya/wire/api";

// What the contract server answers about nodes; see canned.ts.

const nowUs = () => Date.now() * 1000;
const secondUs = 1_000_000;

/** Accounts of the sensors above: one in balance, one with losses. */
export function makeLedger(): NodeLedger[] {
  const kernel = (lost: number) => [
    { class: "exec", reason: "attempted", value: 120_331 },
    { class: "exec", reason: "submitted", value: 120_331 },
    { class: "open", reason: "attempted", value: 8_120_331 },
    { class: "open", reason: "filtered", value: 8_090_017 },
    { class: "open", reason: "ring_full", value: lost },
    { class: "open", reason: "submitted", value: 30_314 - lost },
  ];
  const handed = (lost: number) => [
    { class: "exec", reason: "submitted", value: 120_331 },
    { class: "exec", reason: "handed_on", value: 118_204 },
    { class: "exec", reason: "absorbed", value: 2_127 },
    { class: "open", reason: "submitted", value: 30_314 - lost },
    { class: "open", reason: "handed_on", value: 30_314 - lost },
  ];
  const by = (names: readonly string[], lost: number) => [
    ...names.map((reason) => ({ class: "process", reason, value: 118_204 })),
    ...names.map((reason) => ({ class: "file", reason, value: 30_314 - lost })),
  ];
  return [["node-1", 0] as const, ["node-2", 1_834] as const].map(([node, lost]) =>
    nodeLedger(
      { cluster: "shop-eu", node, reportedUs: nowUs() },
      {
        kernel: kernel(lost),
        collector: handed(lost),
        publisher: by(["received", "delivered"], lost),
        hub: by(["received", "committed"], lost),
      },
    ),
  );
}

export function makeNodes(): EnrolledNode[] {
  return ["node-1", "node-2"].map((node, i) =>
    enrolledNodeSchema.parse({
      node_id: `id-${node}`,
      cluster: "shop-eu",
      node,
      proof: i === 0 ? "local" : "token",
      enrolled_us: nowUs() - 86_400 * secondUs,
      renewed_us: nowUs() - 3_600 * secondUs,
      expires_us: nowUs() + 82_800 * secondUs,
      revoked_us: null,
      revoked_by: null,
      may_audit: i === 0,
      key_sha256: "3f0a9c41e7d0a2f1b7c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071829",
    }),
  );
}

export function makeToken(cluster: string, node: string | null, validS: number): ListedEnrolmentToken {
  return enrolmentTokenSchema.parse({
    token_id: "token-1",
    cluster,
    node,
    created_us: nowUs(),
    created_by: "admin",
    expires_us: nowUs() + validS * secondUs,
    used_us: null,
    used_by_node: null,
    revoked_us: null,
    may_audit: false,
  });
}

/** Ninety changes: more than a page. */
export function makeChanges(): ApiChange[] {
  return Array.from({ length: 90 }, (_, n) =>
    apiChangeSchema.parse({
      change_id: String(90 - n),
      time_us: nowUs() - n * 61 * secondUs,
      user: n % 7 === 3 ? "" : "admin",
      by: n % 7 === 3 ? "" : "browser",
      address: "192.0.2.7",
      method: n % 7 === 3 ? "POST" : "PUT",
      route: n % 7 === 3 ? "/api/v1/login" : n % 7 === 5 ? "/api/v1/drift-policy" : "/api/v1/rules/:rule/enabled",
      object: n % 7 === 3 || n % 7 === 5 ? "" : "Web Shell Activity",
      status: n % 7 === 3 ? 401 : 200,
    }),
  );
}
