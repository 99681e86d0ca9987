// The first rule that fits decides (audit.k8s.io/v1). Levels: None; Metadata (who, what, when); Request (and the
// request's body); RequestResponse (and the answer). A rule for "pods" does not cover "pods/status".
const policy = `# Audit policy recommended by Atalaya, for kube-apiserver --audit-policy-file.
#
# Each detection of the control plane gets what it reads; bodies that hold secrets never leave the API server;
# what the cluster's own parts do all day is left out. The first rule that fits decides.
apiVersion: audit.k8s.io/v1
kind: Policy
# The end of a request says all that its beginning says.
omitStages: [RequestReceived]
# Field ownership is bookkeeping, often half of an object.
omitManagedFields: true
rules:
  # --- Sessions into pods, whoever opens them: the cluster's own accounts are left out of nothing here, since theirs are
  # what an attacker wants. Told when a session starts and when it ends; it has no body. A WebSocket client "gets" it. ---
  - level: Metadata
    verbs: [create, get]
    resources:
      - { group: "", resources: [pods/exec, pods/attach, pods/portforward, pods/proxy, services/proxy, nodes/proxy] }

  # --- The control plane and the kubelets read all the time, secrets too, as far as their pods need them. ---
  - level: None
    users: ["system:apiserver", "system:kube-scheduler", "system:kube-controller-manager", "system:kube-proxy"]
    verbs: [get, list, watch]
  - level: None
    userGroups: ["system:nodes"]
    verbs: [get, list, watch]

  # --- Bodies that hold secrets: who touched what is enough, and is always kept. ---
  - level: Metadata
    resources:
      - { group: "", resources: [secrets, configmaps, serviceaccounts/token] }
      - { group: authentication.k8s.io, resources: [tokenreviews, selfsubjectreviews] }
      - { group: certificates.k8s.io, resources: [certificatesigningrequests] }

  # --- Noise: heartbeats, status, elections, the cluster's parts reading. ---
  - level: None
    resources:
      - { group: coordination.k8s.io, resources: [leases] }
      - { group: "", resources: [nodes/status, pods/status, endpoints] }
      - { group: discovery.k8s.io, resources: [endpointslices] }
      - { group: metrics.k8s.io }
  # Kubernetes Events are written all the time; deleting them hides traces and is kept below.
  - level: None
    verbs: [create, update, patch, get, list, watch]
    resources:
      - { group: "", resources: [events] }
      - { group: events.k8s.io, resources: [events] }
  - level: None
    nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi*", "/metrics", "/api", "/api/*", "/apis", "/apis/*"]
  - level: None
    userGroups: ["system:serviceaccounts:kube-system"]
    verbs: [get, list, watch]
  # Access reviews that the cluster's own parts make for others (aggregated API servers, the metrics server).
  - level: None
    userGroups: ["system:nodes", "system:serviceaccounts:kube-system"]
    resources:
      - { group: authorization.k8s.io }

  # --- Suspicious service-account operation: what a workload asks about its rights. ---
  - level: Request
    resources:
      - { group: authorization.k8s.io }

  # --- cluster-admin binding: a patch does not name the role, the answer does. ---
  - level: RequestResponse
    verbs: [create, update, patch, delete, deletecollection]
    resources:
      - { group: rbac.authorization.k8s.io }

  # --- Exposed service: a patch carries only what changes, the answer has the whole object. ---
  - level: RequestResponse
    verbs: [create, update, patch, delete]
    resources:
      - { group: "", resources: [services] }
      - { group: networking.k8s.io, resources: [ingresses, networkpolicies] }
      - { group: gateway.networking.k8s.io }

  # --- Privileged container: the bodies of pods and of what makes pods. ---
  # The deployment controller rewrites whole ReplicaSets to scale them; the Deployment's own change is kept.
  - level: Metadata
    users: ["system:serviceaccount:kube-system:deployment-controller"]
    resources:
      - { group: apps, resources: [replicasets, replicasets/scale] }
  # A patch may name just a field, or be a list of operations: only the answer says what became of the object.
  - level: RequestResponse
    verbs: [patch]
    resources:
      - { group: "", resources: [pods, pods/ephemeralcontainers, replicationcontrollers, podtemplates] }
      - { group: apps, resources: [deployments, daemonsets, statefulsets, replicasets] }
      - { group: batch, resources: [jobs, cronjobs] }
  - level: Request
    verbs: [create, update, patch, delete, deletecollection]
    resources:
      - { group: "", resources: [pods, pods/ephemeralcontainers, replicationcontrollers, podtemplates] }
      - { group: apps, resources: [deployments, daemonsets, statefulsets, replicasets] }
      - { group: batch, resources: [jobs, cronjobs] }

  # --- What changes the rules of the cluster itself. ---
  - level: Request
    verbs: [create, update, patch, delete, deletecollection]
    resources:
      - { group: admissionregistration.k8s.io }
      - { group: "", resources: [namespaces, serviceaccounts, persistentvolumes, nodes] }
      - { group: apiextensions.k8s.io, resources: [customresourcedefinitions] }

  # Status of everything else is written by controllers.
  - level: None
    verbs: [update, patch]
    resources:
      - { group: apps, resources: [deployments/status, daemonsets/status, statefulsets/status, replicasets/status] }
      - { group: batch, resources: [jobs/status, cronjobs/status] }

  # --- The rest: who did what. Reads are needed: a stolen token looks around before it acts. ---
  - level: Metadata
`;

/** The file for the API server's `--audit-policy-file`, with the reason beside each rule. */
export function recommendedAuditPolicy(): string {
  return policy;
}
