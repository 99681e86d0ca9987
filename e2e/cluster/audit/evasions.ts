import type { AuditAction } from "./audit-action.ts";
import { podOf, type Scene, webContainer } from "./scene.ts";

// The same attacks by ways that say less of what they do, each with a twin by the same way: JSON Patch (a list of operations),
// merge patches of just the field, a URI that only looks like a dry run, an answer that its client asked to be no object.

const twins = ["fires", "quiet"] as const;
type Twin = (typeof twins)[number];

const ofBoth = (make: (twin: Twin) => AuditAction): AuditAction[] => twins.map(make);

const jsonPatch = (scene: Scene, object: readonly string[], ...operations: object[]) =>
  scene.try(["patch", ...object, "--type=json", "-p", JSON.stringify(operations)]);

/** By somebody who may do everything in the namespace; the URI is sent as it is written, which kubectl does not do. */
async function send(scene: Scene, method: "POST" | "PATCH", path: string, body: unknown, ...more: string[]) {
  const name = `${scene.namespace}@example.org`;
  await scene.kubectl("create", "rolebinding", "eva", "--clusterrole=cluster-admin", `--user=${name}`);
  const type = method === "POST" ? "application/json" : "application/json-patch+json";
  const args = ["-X", method, "-H", `Content-Type: ${type}`, ...more, "-d", JSON.stringify(body)];
  await scene.curl(await scene.person(name), `/api/v1/namespaces/${scene.namespace}${path}`, ...args);
}

const dryRun = (scene: Scene, object: object) =>
  scene.try(["create", "--dry-run=server", "-f", "-"], { input: JSON.stringify(object) });

const labels = { app: "agent" };
const agent = (name: string, kind: "Deployment" | "DaemonSet") => ({
  ...{ apiVersion: "apps/v1", kind, metadata: { name } },
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { nodeSelector: { nowhere: "true" }, containers: [webContainer] } },
  },
});
const privileged = (value: boolean) => ({
  ...{ op: "add", path: "/spec/template/spec/containers/0/securityContext", value: { privileged: value } },
});

export const podPatches: readonly AuditAction[] = [
  ...ofBoth((twin) => ({
    rule: "Privileged Container",
    name: `${twin}-json-patch`,
    command: `kubectl patch deployment agent --type=json (securityContext.privileged: ${twin === "fires"})`,
    prepare: (scene) => scene.create(agent("agent", "Deployment")),
    act: (scene) => jsonPatch(scene, ["deployment", "agent"], privileged(twin === "fires")),
    resources: ["deployments"],
  })),
  ...ofBoth((twin) => ({
    rule: "Privileged Container",
    name: `${twin}-kube-system`,
    command: `kubectl patch daemonset agent -n kube-system --type=json (securityContext.privileged: ${twin === "fires"})`,
    prepare: (scene) => scene.create({ ...agent(`${scene.namespace}-agent`, "DaemonSet") }, undefined, "kube-system"),
    act: (scene) =>
      jsonPatch(scene, ["daemonset", `${scene.namespace}-agent`, "-n", "kube-system"], privileged(twin === "fires")),
    resources: ["daemonsets"],
  })),
  ...ofBoth((twin) => ({
    rule: "Privileged Container",
    name: `${twin}-debug-json-patch`,
    command: `curl -X PATCH …/pods/web/ephemeralcontainers, a JSON Patch (securityContext.privileged: ${twin === "fires"})`,
    prepare: (scene) => scene.runningPod("web"),
    act: async (scene) => {
      const securityContext = { privileged: twin === "fires" };
      const value = [{ ...webContainer, name: "tools", securityContext }];
      const patch = [{ op: "add", path: "/spec/ephemeralContainers", value }];
      await send(scene, "PATCH", "/pods/web/ephemeralcontainers", patch);
    },
    resources: ["pods"],
  })),
  {
    rule: "Privileged Container",
    name: "fires-no-dry-run",
    command: "curl …/pods?fieldManager=dryRun=All (securityContext.privileged: true)",
    act: (scene) =>
      send(scene, "POST", "/pods?fieldManager=dryRun=All", podOf("tools", { securityContext: { privileged: true } })),
    resources: ["pods"],
  },
  {
    rule: "Privileged Container",
    name: "quiet-dry-run",
    command: "kubectl create -f pod.yaml --dry-run=server (securityContext.privileged: true)",
    act: (scene) => dryRun(scene, podOf("tools", { securityContext: { privileged: true } })),
    resources: ["pods"],
  },
];

const bindingOf = (scene: Scene, clusterRole: string) => ({
  ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding" },
  metadata: { name: `${scene.namespace}-ops` },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: clusterRole },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "ana@example.org" }],
});

export const bindingPatches: readonly AuditAction[] = [
  ...ofBoth((twin) => ({
    rule: "Cluster Admin Binding",
    name: `${twin}-json-patch`,
    command: `kubectl patch clusterrolebinding ops --type=json (another subject; its role is ${twin === "fires" ? "cluster-admin" : "view"})`,
    prepare: (scene) => scene.create(bindingOf(scene, twin === "fires" ? "cluster-admin" : "view")),
    act: (scene) => {
      const value = { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "eva@example.org" };
      const add = { op: "add", path: "/subjects/-", value };
      return jsonPatch(scene, ["clusterrolebinding", `${scene.namespace}-ops`], add);
    },
    resources: ["clusterrolebindings"],
  })),
  {
    rule: "Cluster Admin Binding",
    name: "fires-no-dry-run",
    command: "kubectl create --raw …/clusterrolebindings?xdryRun=All (its role is cluster-admin)",
    act: (scene) =>
      scene.try(["create", "--raw", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?xdryRun=All", "-f", "-"], {
        input: JSON.stringify(bindingOf(scene, "cluster-admin")),
      }),
    resources: ["clusterrolebindings"],
  },
  {
    rule: "Cluster Admin Binding",
    name: "quiet-dry-run",
    command: "kubectl create -f binding.yaml --dry-run=server (its role is cluster-admin)",
    act: (scene) => dryRun(scene, bindingOf(scene, "cluster-admin")),
    resources: ["clusterrolebindings"],
  },
];

const serviceOf = (port: number, spec: object = {}) => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name: "cache" } },
  spec: { selector: { app: "cache" }, ports: [{ port, targetPort: port }], ...spec },
});
const toLoadBalancer = { op: "replace", path: "/spec/type", value: "LoadBalancer" };

export const servicePatches: readonly AuditAction[] = [
  ...ofBoth((twin) => ({
    rule: "Exposed Service",
    name: `${twin}-json-patch`,
    command: `kubectl patch service cache --type=json (type: LoadBalancer, ${twin === "fires" ? "no" : "with"} source ranges)`,
    prepare: (scene) => scene.create(serviceOf(80)),
    act: (scene) => {
      const ranges = { op: "add", path: "/spec/loadBalancerSourceRanges", value: ["203.0.113.0/24"] };
      return jsonPatch(scene, ["service", "cache"], toLoadBalancer, ...(twin === "fires" ? [] : [ranges]));
    },
    resources: ["services"],
  })),
  ...ofBoth((twin) => ({
    rule: "Exposed Service",
    name: `${twin}-merge-patch`,
    command: `kubectl patch service cache --type=merge -p '{"spec":{"type":"NodePort"}}' (its port is ${twin === "fires" ? 6_379 : 8_080})`,
    prepare: (scene) => scene.create(serviceOf(twin === "fires" ? 6_379 : 8_080)),
    act: (scene) => scene.patch("service/cache", { spec: { type: "NodePort" } }),
    resources: ["services"],
  })),
  {
    rule: "Exposed Service",
    name: "fires-no-dry-run",
    command: "curl …/services?dryRun=All; (type: LoadBalancer)",
    act: (scene) => send(scene, "POST", "/services?dryRun=All;", serviceOf(80, { type: "LoadBalancer" })),
    resources: ["services"],
  },
  {
    rule: "Exposed Service",
    name: "quiet-dry-run",
    command: "kubectl create -f service.yaml --dry-run=server (type: LoadBalancer)",
    act: (scene) => dryRun(scene, serviceOf(80, { type: "LoadBalancer" })),
    resources: ["services"],
  },
];

export const hiddenAnswers: readonly AuditAction[] = ofBoth((twin) => ({
  rule: "Audit Record Without Its Body",
  name: `${twin}-answer`,
  command: `curl -X PATCH …/services/cache -H 'Accept: …;as=PartialObjectMetadata', a JSON Patch of its ${twin === "fires" ? "type" : "labels"}`,
  prepare: (scene) => scene.create(serviceOf(80)),
  act: async (scene) => {
    const label = { op: "add", path: "/metadata/labels", value: { team: "shop" } };
    const patch = [twin === "fires" ? toLoadBalancer : label];
    const accept = "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    await send(scene, "PATCH", "/services/cache", patch, "-H", accept);
  },
  resources: ["services"],
}));
