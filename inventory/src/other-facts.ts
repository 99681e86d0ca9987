import { field, list, number, type Open, part, text, texts, told } from "./fields.ts";
import { inventoryLimits } from "./limits.ts";

export function nodeFacts(object: unknown): Open {
  const status = part(object, "status");
  const info = part(status, "nodeInfo");
  const ready = list(status, "conditions").find((one) => field(one, "type") === "Ready");
  return told({
    ready: field(ready, "status") === "True" ? "yes" : "no",
    unschedulable: field(part(object, "spec"), "unschedulable") === true,
    addresses: list(status, "addresses").flatMap((one) => text(one, "address") ?? []),
    os_image: text(info, "osImage"),
    kernel: text(info, "kernelVersion"),
    runtime: text(info, "containerRuntimeVersion"),
    kubelet: text(info, "kubeletVersion"),
    architecture: text(info, "architecture"),
    provider_id: text(part(object, "spec"), "providerID"),
  });
}

export function serviceFacts(object: unknown): Open {
  const spec = part(object, "spec");
  const ingress = list(part(part(object, "status"), "loadBalancer"), "ingress");
  const ports = list(spec, "ports").map((one) =>
    told({
      port: number(one, "port"),
      node_port: number(one, "nodePort") || undefined,
      protocol: text(one, "protocol"),
      target: text(one, "targetPort") ?? number(one, "targetPort"),
    }),
  );
  const selector = Object.entries(part(spec, "selector")).map(([key, value]) => `${key}=${value}`);
  return told({
    type: text(spec, "type"),
    cluster_ip: text(spec, "clusterIP"),
    external: [
      ...texts(spec, "externalIPs"),
      ...ingress.flatMap((one) => text(one, "ip") ?? text(one, "hostname") ?? []),
      ...[text(spec, "externalName")].filter((one) => one !== undefined),
    ],
    ports,
    selector: selector.slice(0, inventoryLimits.labelsMax).map((one) => one.slice(0, inventoryLimits.valueCharsMax)),
  });
}

export function ingressFacts(object: unknown): Open {
  const spec = part(object, "spec");
  const rules = list(spec, "rules");
  const paths = rules.flatMap((rule) => list(part(rule, "http"), "paths"));
  const backends = [part(spec, "defaultBackend"), ...paths.map((path) => part(path, "backend"))];
  const services = backends.flatMap((backend) => text(part(backend, "service"), "name") ?? []);
  return told({
    class: text(spec, "ingressClassName"),
    hosts: rules.map((rule) => text(rule, "host") ?? "*"),
    tls_hosts: list(spec, "tls").flatMap((one) => texts(one, "hosts")),
    services: [...new Set(services)].slice(0, inventoryLimits.listMax),
  });
}

export function serviceAccountFacts(object: unknown): Open {
  const automount = field(object, "automountServiceAccountToken");
  return typeof automount === "boolean" ? { automount: automount ? "yes" : "no" } : {};
}

export function roleFacts(object: unknown): Open {
  const rules = list(object, "rules", inventoryLimits.rulesMax).map((rule) =>
    told({
      verbs: texts(rule, "verbs"),
      api_groups: texts(rule, "apiGroups"),
      resources: texts(rule, "resources"),
      resource_names: texts(rule, "resourceNames"),
      urls: texts(rule, "nonResourceURLs"),
    }),
  );
  return told({ rules, aggregated: field(object, "aggregationRule") != null });
}

export function bindingFacts(object: unknown): Open {
  const role = part(object, "roleRef");
  const subjects = list(object, "subjects").map((one) =>
    told({ kind: text(one, "kind"), name: text(one, "name"), namespace: text(one, "namespace") }),
  );
  return told({ role: told({ kind: text(role, "kind"), name: text(role, "name") }), subjects });
}
