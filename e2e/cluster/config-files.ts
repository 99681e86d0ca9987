import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { addresses, type Place } from "./place.ts";

/** What the parts are configured by; JSON, which is YAML too. */
export function writeConfigFiles(place: Place): void {
  const write = (name: string, value: unknown) =>
    writeFileSync(join(place.folder, "etc", name), JSON.stringify(value, null, 1), { mode: 0o600 });
  for (const user of ["admin", "controller-manager", "scheduler", "kubelet"]) {
    write(`${user}.kubeconfig`, kubeconfig(place, user));
  }
  write("kubelet.yaml", kubeletConfig(place));
  write("dns.yaml", { apiVersion: "v1", kind: "List", items: dnsService });
  writeFileSync(join(place.folder, "etc", "Corefile"), corefile(place));
  write("cni/10-pods.conflist", podNetwork(place));
  writeFileSync(join(place.folder, "etc", "containerd.toml"), containerdConfig(place));
}

/** The kubeconfig of whoever pki/USER.crt names. */
export function kubeconfig(place: Place, user: string): unknown {
  const pki = (file: string) => join(place.folder, "pki", file);
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user } }],
    clusters: [{ name: "c", cluster: { server: addresses.api, "certificate-authority": pki("ca.crt") } }],
    users: [{ name: user, user: { "client-certificate": pki(`${user}.crt`), "client-key": pki(`${user}.key`) } }],
  };
}

function kubeletConfig(place: Place): unknown {
  const pki = (file: string) => join(place.folder, "pki", file);
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${place.name}`,
    // Every kubelet removes the logs of pods that it does not know from the usual folder: also another cluster's.
    podLogsDir: `${place.folder}/logs/pods`,
    // The machines of tests have cgroup v1 beside v2.
    failCgroupV1: false,
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${place.socket}`,
    clusterDomain: "cluster.local",
    clusterDNS: [addresses.dns],
    localStorageCapacityIsolation: false,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki("ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: pki("kubelet.crt"),
    tlsPrivateKeyFile: pki("kubelet.key"),
    healthzPort: 0,
    evictionHard: {},
    imageGCHighThresholdPercent: 100,
    enforceNodeAllocatable: [],
  };
}

const podNetwork = (place: Place) => ({
  cniVersion: "0.4.0",
  name: "pods",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: {
        type: "host-local",
        // Which addresses are taken; the usual folder is every cluster's, and outlives a killed one.
        dataDir: `${place.runFolder}/addresses`,
        ranges: [[{ subnet: addresses.pods }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
});

/** CoreDNS is a process of the node's, not a pod: the service's address leads to it all the same. */
function corefile(place: Place): string {
  return `.:53 {
  bind ${addresses.node}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${place.folder}/etc/admin.kubeconfig
  }
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;
}

const dnsPorts = (["UDP", "TCP"] as const).map((protocol) => ({ name: protocol.toLowerCase(), protocol, port: 53 }));
const dnsLabels = { "kubernetes.io/service-name": "kube-dns" };
const dnsService = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kube-dns", namespace: "kube-system" },
    spec: { clusterIP: addresses.dns, ports: dnsPorts },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "kube-dns-1", namespace: "kube-system", labels: dnsLabels },
    addressType: "IPv4",
    ports: dnsPorts,
    endpoints: [{ addresses: [addresses.node], conditions: { ready: true } }],
  },
];

/** oom_score_adj can't be lowered without CAP_SYS_RESOURCE, and runc then dies without a word. */
function containerdConfig(place: Place): string {
  return `version = 2
root = "${place.folder}/containerd"
state = "${place.runFolder}/containerd"
[grpc]
  address = "${place.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "localhost/pause:1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${place.folder}/etc/cni"
`;
}
