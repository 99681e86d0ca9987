import type { Expectation } from "./scenario.ts";

// The thirteen alerts of the attack simulation by Microsoft (README of 2 June 2026), with the rules of our packs that
// raise them.

export const webShell: Expectation = { alert: "Possible Web Shell activity detected", rules: ["Web Shell Activity"] };

export const serviceAccountOperation: Expectation = {
  alert: "Suspicious Kubernetes service account operation detected",
  rules: ["Suspicious Service Account Operation"],
  steps: ["access review"],
  beyondLocal: "needs_cluster",
};

export const networkScan: Expectation = {
  alert: "Network scanning tool detected",
  rules: ["Network Scanning Tool", "Network Scanning by Many Addresses"],
  steps: ["port scan"],
};

export const tokenAccess: Expectation = {
  alert: "Suspicious access to workload identity token or service account token detected",
  rules: ["Service Account Token Access"],
  steps: ["service account token"],
};

export const metadataAccess: Expectation = {
  alert: "Access to cloud metadata service detected",
  rules: ["Cloud Metadata Access"],
  steps: ["Google metadata", "AWS metadata", "Azure metadata"],
};

export const sensitiveFiles: Expectation = {
  alert: "Sensitive files access detected",
  rules: ["Sensitive File Access"],
  steps: ["git credentials", "beginning of the token"],
};

export const secretReconnaissance: Expectation = {
  alert: "Possible secret reconnaissance detected",
  rules: ["Secret Reconnaissance"],
  steps: ["search for git credentials", "secret variables"],
};

export const cpuOptimization: Expectation = {
  alert: "Kubernetes CPU optimization detected",
  rules: ["Kubernetes CPU Optimization"],
  steps: ["msr module"],
};

export const preloadAccess: Expectation = {
  alert: "Command within a container accessed ld.so.preload",
  rules: ["Preload File Access"],
  steps: ["ld.so.preload"],
};

export const minerDownload: Expectation = {
  alert: "Possible Cryptocoinminer download detected",
  rules: ["Coin Miner Download"],
  steps: ["miner download"],
};

export const drift: Expectation = {
  alert: "A drift binary detected executing in the container",
  rules: ["Drift Binary Executed"],
  steps: ["miner run"],
};

export const mining: Expectation = {
  alert: "Digital currency mining related behavior detected",
  rules: ["Digital Currency Mining"],
  steps: ["miner run"],
};

export const threatIntelligence: Expectation = {
  alert: "Communication with test domain identified by threat intelligence",
  rules: ["Threat Intelligence Test Domain"],
  steps: ["test domain"],
};
