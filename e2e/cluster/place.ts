import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** Where one cluster lives on this machine: everything that it makes carries its name. */
export type Place = {
  name: string;
  /** State on disk: certificates, etcd, images, logs. */
  folder: string;
  /** containerd's socket and its shims' sockets: a short path, since those end at 107 bytes. */
  runFolder: string;
  netns: string;
  socket: string;
};

/** The node's address and the networks, all inside the namespace (192.0.2.0/24 is for documentation: RFC 5737). */
export const addresses = {
  node: "192.0.2.10",
  nodeNetwork: "192.0.2.10/24",
  gateway: "192.0.2.1",
  api: "https://127.0.0.1:6443",
  services: "10.96.0.0/24",
  apiService: "10.96.0.1",
  dns: "10.96.0.10",
  pods: "10.244.0.0/24",
} as const;
export const nodeName = "node1";

/** The place of a cluster: the name that was given, else `ATALAYA_CLUSTER`'s. @throws RangeError on a name that would not do as a namespace's. */
export function placeOf(name = process.env["ATALAYA_CLUSTER"] || "atalaya-k8s"): Place {
  if (!/^[a-z][a-z0-9-]{1,20}$/.test(name)) throw new RangeError("a cluster's name has 2 to 21 of a-z, 0-9 and -");
  const runFolder = `/run/${name}`;
  return {
    name,
    folder: join("/var/lib", name),
    runFolder,
    netns: `/run/netns/${name}`,
    socket: join(runFolder, "containerd.sock"),
  };
}

/** Where the built Kubernetes is found once the cluster has started. */
export function kubeProgram(place: Place): string {
  return join(place.folder, "kube");
}

/** And the built CoreDNS. */
export function dnsProgram(place: Place): string {
  return join(place.folder, "dns");
}

export function makeFolders(place: Place): void {
  for (const name of ["pki", "logs", "etc/cni", "images"]) {
    mkdirSync(join(place.folder, name), { recursive: true, mode: 0o700 });
  }
  mkdirSync(place.runFolder, { recursive: true, mode: 0o711 });
}
