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

export const onTheNetwork: Attack[] = [...metadataService, ...scanners];
