import type { AtalayaEvent } from "@atalaya/wire";
import { connect, exec, runc, scriptShell, shim, type Task } from "./event-builder.ts";
import { testTwins } from "./twins.ts";

function scan(task: Task, addresses: number): AtalayaEvent[] {
  return Array.from({ length: addresses }, (_, index) => connect(task, `10.96.0.${index + 1}`, 443));
}

testTwins({
  "Cloud Metadata Access": [
    {
      name: "the address is the metadata service's, not another link-local one",
      fires: [connect({ argv: ["curl", "http://instance/"] }, "169.254.169.254", 80)],
      quiet: [connect({ argv: ["curl", "http://instance/"] }, "169.254.20.10", 80)],
    },
    {
      name: "the port is not that of the name service",
      fires: [connect({ argv: ["/app"], exe: "/app" }, "169.254.169.254", 80)],
      quiet: [connect({ argv: ["/app"], exe: "/app" }, "169.254.169.254", 53, "udp")],
    },
    {
      name: "the process is in a container, not on the host",
      fires: [connect({ argv: ["/app"], exe: "/app" }, "fd00:ec2::254", 80)],
      quiet: [connect({ argv: ["/app"], exe: "/app", container: "host" }, "fd00:ec2::254", 80)],
    },
    {
      name: "the address is asked, not blocked by a firewall rule",
      fires: [exec({ argv: ["wget", "-q", "http://169.254.169.254/latest/meta-data/"] })],
      quiet: [exec({ argv: ["iptables", "-A", "OUTPUT", "-d", "169.254.169.254/32", "-j", "DROP"] })],
    },
    {
      name: "a program with the name of a node's agent did not come with the image",
      fires: [connect({ argv: ["./karpenter"], exe: "/tmp/karpenter", upper: true }, "169.254.169.254", 80)],
      quiet: [connect({ argv: ["/ko-app/karpenter"], exe: "/ko-app/karpenter" }, "169.254.169.254", 80)],
    },
  ],
  "Network Scanning Tool": [
    {
      name: "nmap is started, not a client",
      fires: [exec({ argv: ["nmap", "-Pn", "--open", "kubernetes.default/24", "-p", "443"] })],
      quiet: [exec({ argv: ["curl", "https://kubernetes.default:443"] })],
    },
    {
      name: "a renamed nmap takes nmap's arguments",
      fires: [exec({ argv: ["./n", "-Pn", "--open", "kubernetes.default/24", "-p", "443"], exe: "/opt/n" })],
      quiet: [exec({ argv: ["./n", "--open", "report.txt", "-p", "443"], exe: "/opt/n" })],
    },
    {
      name: "nmap is started, not looked for",
      fires: [exec({ argv: ["nmap", "10.0.0.1"] })],
      quiet: [exec({ argv: ["pgrep", "nmap"] })],
    },
  ],
  "Network Scanning by Many Addresses": [
    {
      name: "a renamed scanner tries sixteen addresses, a crawler a few",
      fires: scan({ argv: ["./n", "list"], exe: "/opt/n", pid: 71 }, 16),
      quiet: scan({ argv: ["./n", "list"], exe: "/opt/n", pid: 72 }, 15),
    },
    {
      name: "the process was started by a shell, not as the container's own monitor",
      fires: scan({ argv: ["/bin/probe"], exe: "/bin/probe", pid: 73, parents: [scriptShell, shim] }, 40),
      quiet: scan({ argv: ["/bin/probe"], exe: "/bin/probe", pid: 73, nsPid: 1, parents: [shim] }, 40),
    },
    {
      name: "a shell stands right above the process, not above the container",
      fires: scan({ argv: ["/bin/probe"], exe: "/bin/probe", pid: 77, parents: [scriptShell, runc] }, 20),
      quiet: scan(
        { argv: ["/bin/probe"], exe: "/bin/probe", pid: 78, parents: [{ argv: ["app"] }, runc, scriptShell] },
        20,
      ),
    },
    {
      name: "one process tries them all, not each process one",
      fires: scan({ argv: ["./n"], exe: "/opt/n", pid: 74 }, 20),
      quiet: Array.from({ length: 20 }, (_, index) =>
        scan({ argv: ["./n"], exe: "/opt/n", pid: 500 + index }, 1),
      ).flat(),
    },
  ],
  "Network Scanning by Many Ports": [
    {
      name: "sixteen ports of one address, not the same port again",
      fires: Array.from({ length: 16 }, (_, index) =>
        connect({ argv: ["./n"], exe: "/opt/n", pid: 75 }, "10.0.0.9", 20 + index),
      ),
      quiet: Array.from({ length: 16 }, () => connect({ argv: ["./n"], exe: "/opt/n", pid: 76 }, "10.0.0.9", 20)),
    },
  ],
});
