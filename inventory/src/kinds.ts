import type { Collection } from "@atalaya/kube";
import type { InventoryKind } from "@atalaya/wire/framing";
import type { Open } from "./fields.ts";
import { bindingFacts, ingressFacts, nodeFacts, roleFacts, serviceAccountFacts, serviceFacts } from "./other-facts.ts";
import { podFacts } from "./pod-facts.ts";
import { workloadFacts } from "./workload-facts.ts";

export type KindPlan = { collection: Collection; facts: (object: unknown) => Open };

const nothing = () => ({});
const apps = (plural: string) => ({ path: `/apis/apps/v1/${plural}` });
const batch = (plural: string) => ({ path: `/apis/batch/v1/${plural}` });
const rbac = (plural: string) => ({ path: `/apis/rbac.authorization.k8s.io/v1/${plural}` });

/**
 * What is asked of the API server for each kind, and what is kept of it. Of namespaces and ReplicaSets the metadata is
 * enough (labels, owner): there may be ten ReplicaSets a Deployment, and their specs say what their pods say.
 */
export const kindPlans: Readonly<Record<InventoryKind, KindPlan>> = {
  Namespace: { collection: { path: "/api/v1/namespaces", metadataOnly: true }, facts: nothing },
  Node: { collection: { path: "/api/v1/nodes", pageSize: 50 }, facts: nodeFacts },
  Deployment: { collection: apps("deployments"), facts: (object) => workloadFacts("Deployment", object) },
  StatefulSet: { collection: apps("statefulsets"), facts: (object) => workloadFacts("StatefulSet", object) },
  DaemonSet: { collection: apps("daemonsets"), facts: (object) => workloadFacts("DaemonSet", object) },
  ReplicaSet: { collection: { ...apps("replicasets"), metadataOnly: true }, facts: nothing },
  CronJob: { collection: batch("cronjobs"), facts: (object) => workloadFacts("CronJob", object) },
  Job: { collection: batch("jobs"), facts: (object) => workloadFacts("Job", object) },
  ServiceAccount: { collection: { path: "/api/v1/serviceaccounts" }, facts: serviceAccountFacts },
  Pod: { collection: { path: "/api/v1/pods" }, facts: podFacts },
  Service: { collection: { path: "/api/v1/services" }, facts: serviceFacts },
  Ingress: { collection: { path: "/apis/networking.k8s.io/v1/ingresses" }, facts: ingressFacts },
  Role: { collection: rbac("roles"), facts: roleFacts },
  ClusterRole: { collection: rbac("clusterroles"), facts: roleFacts },
  RoleBinding: { collection: rbac("rolebindings"), facts: bindingFacts },
  ClusterRoleBinding: { collection: rbac("clusterrolebindings"), facts: bindingFacts },
};
