import { type Attack, pair } from "./attack.ts";

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

const sensitiveFiles = [
  ...pair(
    "Sensitive File Access",
    "git-credentials",
    { page: ["cat", "/home/user/.git-credentials"] },
    { page: ["cat", "/home/user/.gitconfig"] },
  ),
  ...pair("Sensitive File Access", "refused", { page: ["cat", "/etc/shadow"] }, { page: ["cat", "/etc/passwd"] }),
  ...pair(
    "Sensitive File Access",
    "renamed-reader",
    { exec: ["/opt/show", "/root/.ssh/id_rsa"] },
    { exec: ["/opt/show", "/root/.ssh/config"] },
  ),
];

const tokens = [
  ...pair(
    "Service Account Token Access",
    "web-shell",
    { web: `cat ${serviceAccount}/token`, also: ["Web Shell Activity"] },
    { get: "/token.php" },
  ),
  ...pair(
    "Service Account Token Access",
    "renamed-reader",
    { exec: ["sh", "-c", `/opt/show ${serviceAccount}/token; true`] },
    { exec: ["sh", "-c", `/opt/show ${serviceAccount}/namespace; true`] },
  ),
];

const preloadFile = [
  ...pair(
    "Preload File Access",
    "write-refused",
    { page: ["touch", "/etc/ld.so.preload"] },
    { page: ["touch", "/etc/ld.so.conf"] },
  ),
  ...pair(
    "Preload File Access",
    "renamed-writer",
    { page: ["/opt/report", "/opt/preload.sh"] },
    { page: ["/opt/report", "/opt/steps.sh"] },
  ),
  // The loader reads the file in every process that starts, where it exists.
  ...pair(
    "Preload File Access",
    "read",
    { page: ["cat", "/etc/ld.so.preload"] },
    { page: ["cat", "/etc/hostname"] },
    { prepare: [["touch", "/etc/ld.so.preload"]], tidy: [["rm", "/etc/ld.so.preload"]] },
  ),
  // The path stands in a script: only the open's flags tell the shell's own reading from the loader's.
  ...pair(
    "Preload File Access",
    "read-by-a-shell",
    { page: ["sh", "/opt/read-preload.sh"] },
    { page: ["sh", "/opt/steps.sh"] },
    { prepare: [["touch", "/etc/ld.so.preload"]], tidy: [["rm", "/etc/ld.so.preload"]] },
  ),
];

export const onFiles: Attack[] = [...sensitiveFiles, ...tokens, ...preloadFile];
