import type { AuditAction } from "./audit-action.ts";
import { bindingPatches, hiddenAnswers, podPatches, servicePatches } from "./evasions.ts";
import type { LoggedRecord, Scene } from "./scene.ts";
import { podOf, webContainer } from "./scene.ts";

/**
 * Whether a record is of an action in this namespace; what has no namespace is named after it. What kubectl reads before it
 * acts is left out.
 */
export function isOf({ resources }: AuditAction, namespace: string): (record: LoggedRecord) => boolean {
  return ({ objectRef, user, verb }) =>
    objectRef !== undefined &&
    (objectRef.subresource !== undefined || !["get", "watch"].includes(verb)) &&
    resources.includes(objectRef.resource ?? "") &&
    (objectRef.namespace === namespace ||
      objectRef.name?.startsWith(namespace) === true ||
      ofAccount(user, namespace)) &&
    !user.username.startsWith("system:serviceaccount:kube-system:") &&
    !user.username.startsWith("system:node:");
}

const ofAccount = (user: LoggedRecord["user"], namespace: string): boolean =>
  user.username.startsWith(`system:serviceaccount:${namespace}:`) || user.username === `${namespace}@example.org`;

const privileged = { securityContext: { privileged: true } };

function deployment(sidecar: object): object {
  const labels = { app: "web" };
  const containers = [webContainer, { ...webContainer, name: "sidecar", ...sidecar }];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

const pods: readonly AuditAction[] = [
  ...(["fires", "quiet"] as const).map((twin) => ({
    rule: "Privileged Container",
    name: `${twin}-pod`,
    command: `kubectl create -f pod.yaml (securityContext.privileged: ${twin === "fires"})`,
    act: (scene: Scene) => scene.create(podOf("tools", { securityContext: { privileged: twin === "fires" } })),
    resources: ["pods"],
  })),
  ...(["fires", "quiet"] as const).map((twin) => ({
    rule: "Privileged Container",
    name: `${twin}-deployment`,
    command: `kubectl create -f deployment.yaml (${twin === "fires" ? "second" : "no"} container privileged)`,
    act: (scene: Scene) => scene.create(deployment(twin === "fires" ? privileged : {})),
    resources: ["deployments"],
  })),
  ...(["fires", "quiet"] as const).map((twin) => ({
    rule: "Privileged Container",
    name: `${twin}-patch`,
    command: `kubectl patch deployment web (${twin === "fires" ? "a container becomes privileged" : "another image"})`,
    prepare: (scene: Scene) => scene.create(deployment({})),
    act: (scene: Scene) => {
      const container = { name: "web", ...(twin === "fires" ? privileged : { image: "localhost/busybox:2" }) };
      const patch = { spec: { template: { spec: { containers: [container] } } } };
      return scene.try(["patch", "deployment", "web", "-p", JSON.stringify(patch)]);
    },
    resources: ["deployments"],
  })),
  {
    rule: "Privileged Container",
    name: "fires-debug",
    command: "kubectl debug web --image=tools --profile=sysadmin (an ephemeral container, privileged)",
    prepare: (scene) => scene.runningPod("web"),
    act: (scene) => scene.try(["debug", "web", "--image=localhost/busybox:1", "--profile=sysadmin", "--", "true"]),
    resources: ["pods"],
  },
  {
    rule: "Privileged Container",
    name: "quiet-refused",
    command: "kubectl create -f pod.yaml (privileged) in a namespace that enforces baseline",
    prepare: (scene) =>
      scene.kubectl("label", "namespace", scene.namespace, "pod-security.kubernetes.io/enforce=baseline"),
    act: (scene) => scene.create(podOf("tools", privileged)),
    resources: ["pods"],
  },
];

/** Written into JSON six times as long: "<" is \\u003c in an audit record. */
const heavy = (letters: number): readonly AuditAction[] =>
  (["fires", "quiet"] as const).map((twin) => ({
    rule: "Audit Record Without Its Body",
    name: `${twin}-patch`,
    command: `kubectl patch deployment web (with ${twin === "fires" ? "a megabyte" : "a line"} of junk)`,
    prepare: (scene: Scene) => scene.create(deployment({})),
    act: (scene: Scene) => scene.patch("deployment/web", { junk: "<".repeat(twin === "fires" ? letters : 40) }),
    resources: ["deployments"],
  }));

const sessions: readonly AuditAction[] = [
  {
    rule: "Exec Into Pod",
    name: "fires-exec",
    command: "kubectl exec -i web -- sh",
    prepare: (scene) => scene.runningPod("web"),
    act: (scene) => scene.try(["exec", "-i", "web", "--", "sh"], { input: "id\n" }),
    resources: ["pods"],
    count: 2,
  },
  {
    rule: "Exec Into Pod",
    name: "fires-exec-spdy",
    command: "kubectl exec web -- id, by a client that speaks SPDY (POST)",
    prepare: (scene) => scene.runningPod("web"),
    act: (scene) =>
      scene.try(["exec", "web", "--", "id"], { env: { ...process.env, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false" } }),
    resources: ["pods"],
    count: 2,
  },
  {
    rule: "Exec Into Pod",
    name: "fires-attach",
    command: "kubectl attach -i web",
    prepare: (scene) => scene.runningPod("web", ["sh", "-c", "read word"], { stdin: true }),
    act: (scene) => scene.try(["attach", "-i", "web"], { input: "word\n" }),
    resources: ["pods"],
    count: 2,
  },
  {
    rule: "Exec Into Pod",
    name: "quiet-logs",
    command: "kubectl logs -f web",
    prepare: (scene) => scene.runningPod("web", ["sh", "-c", "echo begun; sleep 5"]),
    act: (scene) => scene.try(["logs", "-f", "web"]),
    resources: ["pods"],
    count: 2,
  },
  {
    rule: "Exec Into Pod",
    name: "quiet-refused",
    command: "kubectl exec web -- sh, by a user who may only read",
    prepare: async (scene) => {
      await scene.runningPod("web");
      await scene.kubectl(
        "create",
        "rolebinding",
        "eva",
        "--clusterrole=view",
        `--user=${scene.namespace}@example.org`,
      );
    },
    act: async (scene) =>
      scene.try(["exec", "web", "--", "sh"], { kubeconfig: await scene.person(`${scene.namespace}@example.org`) }),
    resources: ["pods"],
  },
];

const binding = (role: string, scene: Scene, name = `${scene.namespace}-ops`) => [
  ...["create", "clusterrolebinding", name, `--clusterrole=${role}`],
  `--serviceaccount=${scene.namespace}:web`,
];

const bindings: readonly AuditAction[] = (["cluster-admin", "view"] as const).flatMap((role) => {
  const twin = role === "view" ? "quiet" : "fires";
  return [
    {
      rule: "Cluster Admin Binding",
      name: `${twin}-create`,
      command: `kubectl create clusterrolebinding ops --clusterrole=${role} --serviceaccount=shop:web`,
      act: (scene: Scene) => scene.try(binding(role, scene)),
      resources: ["clusterrolebindings"],
    },
    {
      rule: "Cluster Admin Binding",
      name: `${twin}-patch`,
      command: `kubectl patch clusterrolebinding ops --type merge -p '{"subjects":[…]}' (its role is ${role})`,
      prepare: (scene: Scene) => scene.try(binding(role, scene)),
      act: (scene: Scene) => {
        const subject = { kind: "ServiceAccount", name: "default", namespace: scene.namespace };
        const patch = JSON.stringify({ subjects: [subject] });
        return scene.try(["patch", "clusterrolebinding", `${scene.namespace}-ops`, "--type=merge", "-p", patch]);
      },
      resources: ["clusterrolebindings"],
    },
    {
      rule: "Cluster Admin Binding",
      name: `${twin}-role-binding`,
      command: `kubectl create rolebinding ops --clusterrole=${role} --user=ana@example.org`,
      act: (scene: Scene) =>
        scene.try(["create", "rolebinding", "ops", `--clusterrole=${role}`, "--user=ana@example.org"]),
      resources: ["rolebindings"],
    },
  ];
});

type ServiceParts = { type: string; port?: number; spec?: object; annotations?: Record<string, string> };

const service = (name: string, command: string, { type, port = 80, spec = {}, annotations = {} }: ServiceParts) => ({
  rule: "Exposed Service",
  name,
  command,
  act: (scene: Scene) =>
    scene.create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "cache", annotations },
      spec: { type, selector: { app: "cache" }, ports: [{ port, targetPort: port }], ...spec },
    }),
  resources: ["services"],
});

const ingress = (name: string, rule: string): AuditAction => ({
  rule: "Exposed Service",
  name,
  command: `kubectl create ingress web --rule=${rule}`,
  act: (scene) => scene.try(["create", "ingress", "web", `--rule=${rule}`]),
  resources: ["ingresses"],
});

const azureInternal = { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" };
const ranges = (...loadBalancerSourceRanges: string[]) => ({
  type: "LoadBalancer",
  spec: { loadBalancerSourceRanges },
});

const services: readonly AuditAction[] = [
  service("fires-load-balancer", "kubectl create -f service.yaml (type: LoadBalancer)", { type: "LoadBalancer" }),
  service("fires-load-balancer-all-ranges", "the same with loadBalancerSourceRanges: [0.0.0.0/0]", ranges("0.0.0.0/0")),
  service("quiet-load-balancer", "the same with loadBalancerSourceRanges: [203.0.113.0/24]", ranges("203.0.113.0/24")),
  service("quiet-load-balancer-internal", "the same with the annotation azure-load-balancer-internal: true", {
    type: "LoadBalancer",
    annotations: azureInternal,
  }),
  service("fires-node-port", "kubectl create -f service.yaml (type: NodePort, port 6379)", {
    type: "NodePort",
    port: 6_379,
  }),
  service("quiet-node-port", "the same on port 8080", { type: "NodePort", port: 8_080 }),
  service("quiet-cluster-ip", "the same with type: ClusterIP", { type: "ClusterIP", port: 6_379 }),
  ingress("fires-ingress", "shop.example.org/*=web:80"),
  ingress("quiet-ingress", "shop.example.org/*=web:80,tls=shop-tls"),
];

const secretsOf = (scene: Scene) => `/api/v1/namespaces/${scene.namespace}/secrets?limit=500`;
const review = (scene: Scene) => {
  const attributes = { namespace: scene.namespace, verb: "get", resource: "secrets" };
  return JSON.stringify({
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    spec: { resourceAttributes: attributes },
  });
};
const client = "external-secrets/v0.20.1 (linux/amd64) kubernetes/93248f9";

const accounts: readonly AuditAction[] = [
  {
    rule: "Suspicious Service Account Operation",
    name: "fires-list-secrets",
    command: "curl -s -k -H 'Authorization: Bearer …' https://API/api/v1/namespaces/shop/secrets?limit=500",
    act: async (scene) => scene.curl(await scene.workload(), secretsOf(scene)),
    resources: ["secrets"],
  },
  {
    rule: "Suspicious Service Account Operation",
    name: "fires-no-user-agent",
    command: "the same request without a user agent",
    act: async (scene) => scene.curl(await scene.workload(), secretsOf(scene), "-H", "User-Agent:"),
    resources: ["secrets"],
  },
  {
    rule: "Suspicious Service Account Operation",
    name: "fires-access-review",
    command:
      "curl -s -k -A kubectl -X POST -d @review.json https://API/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    act: async (scene) => {
      const post = ["-A", "kubectl", "-H", "Content-Type: application/json", "-d", review(scene)];
      await scene.curl(await scene.workload(), "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", ...post);
    },
    resources: ["selfsubjectaccessreviews"],
  },
  {
    rule: "Suspicious Service Account Operation",
    name: "fires-list-rights",
    command: "kubectl auth can-i --list, by a workload's account",
    act: async (scene) => scene.try(["auth", "can-i", "--list"], { kubeconfig: await scene.workload() }),
    resources: ["selfsubjectrulesreviews"],
  },
  {
    rule: "Suspicious Service Account Operation",
    name: "quiet-access-review",
    command: "kubectl auth can-i get pods, by a workload's account",
    act: async (scene) => scene.try(["auth", "can-i", "get", "pods"], { kubeconfig: await scene.workload() }),
    resources: ["selfsubjectaccessreviews"],
  },
  {
    rule: "Suspicious Service Account Operation",
    name: "quiet-list-secrets",
    command: "the list of secrets by a workload's own client library",
    act: async (scene) => scene.curl(await scene.workload(), secretsOf(scene), "-A", client),
    resources: ["secrets"],
  },
  {
    rule: "Suspicious Service Account Operation",
    name: "quiet-person",
    command: "the list of secrets by a person with curl",
    act: async (scene) => scene.curl(await scene.person(`${scene.namespace}@example.org`), secretsOf(scene)),
    resources: ["secrets"],
  },
];

/** Every control-plane detection with its twins, made for real. */
export const auditActions: readonly AuditAction[] = [
  ...pods,
  ...heavy(1_200_000),
  ...sessions,
  ...bindings,
  ...services,
  ...accounts,
  ...podPatches,
  ...bindingPatches,
  ...servicePatches,
  ...hiddenAnswers,
];
