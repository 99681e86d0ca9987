import { type AuditSetup, auditFlags } from "./audit-setup.ts";
import { addresses, dnsProgram, kubeProgram, nodeName, type Place } from "./place.ts";

/** The command line of each part, in the order of their start. Paths are relative to the cluster's folder. */
export function partCommands(place: Place, audit: AuditSetup = {}): Record<string, string[]> {
  const kube = kubeProgram(place);
  const dns = dnsProgram(place);
  const etcd = "http://127.0.0.1:2379";
  const of = (flags: Record<string, string | true>) =>
    Object.entries(flags).map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
  return {
    etcd: [
      "etcd",
      ...of({
        "data-dir": "etcd",
        "listen-client-urls": etcd,
        "advertise-client-urls": etcd,
        "listen-peer-urls": "http://127.0.0.1:2380",
        // The cluster lives for a test: what is lost when the machine dies is nobody's.
        "unsafe-no-fsync": true,
      }),
    ],
    containerd: ["containerd", "-c", "etc/containerd.toml"],
    apiserver: [
      kube,
      "kube-apiserver",
      ...of({
        "etcd-servers": etcd,
        "bind-address": "0.0.0.0",
        "advertise-address": addresses.node,
        "tls-cert-file": "pki/apiserver.crt",
        "tls-private-key-file": "pki/apiserver.key",
        "client-ca-file": "pki/ca.crt",
        "authorization-mode": "Node,RBAC",
        "service-account-key-file": "pki/sa.pub",
        "service-account-signing-key-file": "pki/sa.key",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-cluster-ip-range": addresses.services,
        "allow-privileged": true,
        "kubelet-client-certificate": "pki/kubelet-client.crt",
        "kubelet-client-key": "pki/kubelet-client.key",
        "kubelet-certificate-authority": "pki/ca.crt",
        "kubelet-preferred-address-types": "InternalIP",
        ...auditFlags(audit),
      }),
    ],
    "controller-manager": [
      kube,
      "kube-controller-manager",
      ...of({
        kubeconfig: "etc/controller-manager.kubeconfig",
        "use-service-account-credentials": true,
        "service-account-private-key-file": "pki/sa.key",
        "root-ca-file": "pki/ca.crt",
        "cluster-signing-cert-file": "pki/ca.crt",
        "cluster-signing-key-file": "pki/ca.key",
        "leader-elect": "false",
        "bind-address": "127.0.0.1",
      }),
    ],
    scheduler: [
      kube,
      "kube-scheduler",
      ...of({ kubeconfig: "etc/scheduler.kubeconfig", "leader-elect": "false", "bind-address": "127.0.0.1" }),
    ],
    kubelet: [
      kube,
      "kubelet",
      ...of({
        config: "etc/kubelet.yaml",
        kubeconfig: "etc/kubelet.kubeconfig",
        "hostname-override": nodeName,
        "root-dir": `${place.folder}/kubelet`,
        "node-ip": addresses.node,
        "cert-dir": `${place.folder}/pki`,
      }),
    ],
    proxy: [
      kube,
      "kube-proxy",
      ...of({
        master: addresses.api,
        kubeconfig: "etc/admin.kubeconfig",
        "hostname-override": nodeName,
        "cluster-cidr": addresses.pods,
        "proxy-mode": "iptables",
        "conntrack-max-per-core": "0",
      }),
    ],
    dns: [dns, "-conf", "etc/Corefile"],
  };
}
