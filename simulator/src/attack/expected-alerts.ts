import type { Expectation } from "./scenario.ts";

// The thirteen alerts of the attack simulation by Microsoft (README of 2 June 2026), with the rules of our packs that
// raise them.

export const webShell: Expectation = { alert: "Possible Web Shell activity detected", rules: ["Web Shell Activity"] };

export const serviceAccountOperation: Expectation = {
  alert: "Suspicious Kubernetes service account operation detected",
  rules: ["Suspicious Service Account Operation"],
  step: "access review",
  beyond: "needs_cluster",
};

export const networkScan: Expectation = {
  alert: "Network scanning tool detected",
  rules: ["Network Scanning Tool", "Network Scanning by Many Addresses"],
  step: "port scan",
};

export const tokenAccess: Expectation = {
  alert: "Suspicious access to workload identity token or service account token detected",
  rules: ["Service Account Token Access"],
  step: "service account token",
};

export const metadataAccess: Expectation = {
  alert: "Access to cloud metadata service detected",
  rules: ["Cloud Metadata Access"],
  step: "Google metadata",
};

export const sensitiveFiles: Expectation = {
  alert: "Sensitive files access detected",
  rules: ["Sensitive File Access"],
  step: "git credentials",
};

export const secretReconnaissance: Expectation = {
  alert: "Possible secret reconnaissance detected",
  rules: ["Secret Reconnaissance"],
  step: "search for git credentials",
};

export const cpuOptimization: Expectation = {
  alert: "Kubernetes CPU optimization detected",
  rules: ["Kubernetes CPU Optimization"],
  step: "msr module",
};

export const preloadAccess: Expectation = {
  alert: "Command within a container accessed ld.so.preload",
  rules: ["Preload File Access"],
  step: "ld.so.preload",
};

export const minerDownload: Expectation = {
  alert: "Possible Cryptocoinminer download detected",
  rules: ["Coin Miner Download"],
  step: "miner download",
};

export const drift: Expectation = {
  alert: "A drift binary detected executing in the container",
  rules: ["Drift Binary Executed"],
  step: "miner run",
};

export const mining: Expectation = {
  alert: "Digital currency mining related behavior detected",
  rules: ["Digital Currency Mining"],
  step: "miner run",
};

export const threatIntelligence: Expectation = {
  alert: "Communication with test domain identified by threat intelligence",
  rules: [],
  beyond: "not_covered",
};
