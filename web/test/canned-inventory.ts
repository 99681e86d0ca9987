import {
  type InventoryCluster,
  type InventoryPod,
  inventoryClustersSchema,
  inventoryNamespacePageSchema,
  inventoryPodPageSchema,
  inventoryWorkloadPageSchema,
} from "@atalaya/wire/api";

// What the contract server answers about the inventory; see canned.ts. Parsed, so that it is what a hub could say.

const nowUs = () => Date.now() * 1000;
const cluster = "shop-eu";
const digest = `sha256:${"ab".repeat(32)}`;

export function makeClusters(): InventoryCluster[] {
  const figures = { listed: 0, changes: 0, lists: 1, gone: 0 };
  const kinds = [{ kind: "Ingress", ...figures, problem: "ingresses is forbidden: User may not list" }];
  const one = { cluster, node: "node-1", seen_us: nowUs(), complete: false, objects: { Pod: 240, Deployment: 12 } };
  const status = { version: "1", started_us: 1, memory_bytes: 1, cpu_us: 1, kinds, counters: {} };
  const counts = { alerts_open: 3, superseded: 0, over_limit: 0, malformed: 0 };
  return inventoryClustersSchema.parse({ clusters: [{ ...one, ...counts, status }] }).clusters;
}

function makePod(n: number): InventoryPod {
  const container = { name: "web", role: "app", image: "docker.io/library/nginx:1.29", image_digest: digest } as const;
  return {
    ...{ cluster, namespace: "shop", pod: `web-7f-${n}`, uid: `pod-${n}`, node: "node-1", phase: "Running" },
    ...{ service_account: "shop", workload: { kind: "Deployment", name: "web" }, containers: [container], labels: {} },
    ...{ host_access: n === 0 ? ["pid", "privileged"] : [], created_us: 1, alerts_open: n === 0 ? 2 : 0 },
  };
}

/** A page of one of the lists; the pods come in two. */
export function makeInventoryPage(list: string, query: URLSearchParams): unknown {
  const labels = {};
  if (list === "namespaces") {
    const shop = { cluster, namespace: "shop", labels, workloads: 12, pods: 240, alerts_open: 3 };
    const hostile = { ...shop, namespace: "shop\u202eku", workloads: 1, pods: 1, alerts_open: 0 };
    return inventoryNamespacePageSchema.parse({ namespaces: [shop, hostile] });
  }
  if (list === "workloads") {
    const web = {
      cluster,
      namespace: "shop",
      kind: "Deployment",
      name: "web",
      uid: "d",
      labels,
      images: ["nginx:1.29"],
    };
    const run = { service_account: "shop", wanted: 3, ready: 2, pods: 3, nodes: ["node-1"], alerts_open: 2 };
    return inventoryWorkloadPageSchema.parse({ workloads: [{ ...web, ...run }] });
  }
  return query.get("cursor") === "second"
    ? inventoryPodPageSchema.parse({ pods: [makePod(2)] })
    : inventoryPodPageSchema.parse({ pods: [makePod(0), makePod(1)], next_cursor: "second" });
}
