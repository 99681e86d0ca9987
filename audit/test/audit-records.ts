/** A record as an API server 1.34 writes it to its webhook (an item of a list: without kind), with some keys changed. */
export function auditRecord(change: object = {}): Record<string, unknown> {
  return {
    level: "RequestResponse",
    auditID: "7d1b6c0a-6f0e-4c55-9b4a-0f7c0c1d2e3f",
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/shop/pods?fieldManager=kubectl-create",
    verb: "create",
    user: { username: "ana@example.org", groups: ["dev", "system:authenticated"] },
    sourceIPs: ["192.0.2.17"],
    userAgent: "kubectl/v1.34.1 (linux/amd64) kubernetes/93248f9",
    objectRef: { resource: "pods", namespace: "shop", name: "web", apiVersion: "v1" },
    responseStatus: { metadata: {}, code: 201 },
    requestReceivedTimestamp: "2026-11-24T10:00:00.123456Z",
    stageTimestamp: "2026-11-24T10:00:00.129877Z",
    annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "" },
    ...change,
  };
}
