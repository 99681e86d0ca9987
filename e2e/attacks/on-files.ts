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

const otherNames = [
  ...pair(
    "Sensitive File Access",
    "by-a-hard-link",
    { exec: ["cat", "/opt/keys/seventh"] },
    { exec: ["cat", "/opt/keys/eighth"] },
    {
      prepare: [
        ["ln", "/opt/keys/id_ed25519", "/opt/keys/seventh"],
        ["ln", "/opt/keys/authorized", "/opt/keys/eighth"],
      ],
      tidy: [["rm", "-f", "/opt/keys/seventh", "/opt/keys/eighth"]],
    },
  ),
  ...pair(
    "Sensitive File Under Another Name",
    "hard-link",
    { exec: ["ln", "/opt/keys/id_ed25519", "/opt/keys/first"] },
    { exec: ["ln", "/opt/keys/authorized", "/opt/keys/second"] },
    { tidy: [["rm", "-f", "/opt/keys/first", "/opt/keys/second"]] },
  ),
  ...pair(
    "Sensitive File Under Another Name",
    "moved",
    { exec: ["mv", "/opt/keys/.pgpass", "/opt/keys/third"] },
    { exec: ["mv", "/opt/keys/.plan", "/opt/keys/fourth"] },
    {
      prepare: [["touch", "/opt/keys/.pgpass", "/opt/keys/.plan"]],
      tidy: [["rm", "-f", "/opt/keys/third", "/opt/keys/fourth"]],
    },
  ),
  ...pair(
    "Sensitive File Under Another Name",
    "symbolic-link",
    { page: ["ln", "-s", "../etc/shadow", "/tmp/fifth"] },
    { page: ["ln", "-s", "../etc/passwd", "/tmp/sixth"] },
    { tidy: [["rm", "-f", "/tmp/fifth", "/tmp/sixth"]] },
  ),
];

const histories = [
  ...pair(
    "Shell History Removed",
    "removed",
    { exec: ["rm", "/opt/home/.bash_history"] },
    { exec: ["rm", "/opt/home/.bash_logout"] },
    { prepare: [["touch", "/opt/home/.bash_history", "/opt/home/.bash_logout"]] },
  ),
  ...pair(
    "Shell History Removed",
    "emptied",
    { exec: ["truncate", "-s", "0", "/opt/home/.ash_history"] },
    { exec: ["truncate", "-s", "0", "/opt/home/.profile"] },
  ),
  ...pair(
    "Shell History Removed",
    "led-to-nothing",
    { exec: ["ln", "-s", "/dev/null", "/opt/home/.zsh_history"] },
    { exec: ["ln", "-s", "/dev/null", "/opt/home/.zshrc"] },
    { tidy: [["rm", "-f", "/opt/home/.zsh_history", "/opt/home/.zshrc"]] },
  ),
];

const logs = [
  ...pair(
    "Log File Removed",
    "removed",
    { exec: ["rm", "/opt/log/auth.log"] },
    { exec: ["rm", "/opt/log/build.log"] },
    { prepare: [["touch", "/opt/log/auth.log", "/opt/log/build.log"]] },
  ),
  ...pair(
    "Log File Removed",
    "moved",
    { exec: ["mv", "/opt/log/wtmp", "/opt/log/w"] },
    { exec: ["mv", "/opt/log/work", "/opt/log/x"] },
    { prepare: [["touch", "/opt/log/wtmp", "/opt/log/work"]], tidy: [["rm", "-f", "/opt/log/w", "/opt/log/x"]] },
  ),
  ...pair(
    "Log File Removed",
    "emptied",
    { exec: ["truncate", "-s", "0", "/opt/log/syslog"] },
    { exec: ["truncate", "-s", "0", "/opt/log/report"] },
  ),
];

const modes = [
  ...pair(
    "Set-User-ID Bit Set",
    "by-number",
    { exec: ["chmod", "4755", "/opt/raised"] },
    { exec: ["chmod", "0755", "/opt/raised"] },
  ),
  ...pair(
    "Set-User-ID Bit Set",
    "by-a-descriptor",
    { exec: ["perl", "/opt/mode.pl", "4755", "/opt/raised-too"] },
    { exec: ["perl", "/opt/mode.pl", "2755", "/opt/raised-too"] },
  ),
];

export const onFiles: Attack[] = [
  ...sensitiveFiles,
  ...tokens,
  ...preloadFile,
  ...otherNames,
  ...histories,
  ...logs,
  ...modes,
];
