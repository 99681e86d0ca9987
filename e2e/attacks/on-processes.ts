import { type Attack, pair } from "./attack.ts";
import { memfdCreate } from "./image.ts";

const drift = "Drift Binary Executed";
const webShell = "Web Shell Activity";

const webShells = [
  ...pair(webShell, "command", { web: "id" }, { exec: ["sh", "-c", "id"] }),
  ...pair(
    webShell,
    "script-on-standard-input",
    { web: "echo aWQK| base64 -d| bash" },
    { exec: ["bash", "-c", "echo aWQK| base64 -d| bash"] },
  ),
  ...pair(webShell, "renamed-shell", { page: ["/opt/report", "-c", "id"] }, { page: ["/opt/report", "/opt/steps.sh"] }),
  ...pair(
    webShell,
    "copied-shell",
    { page: ["/tmp/.cache", "-c", "id"], also: [drift] },
    { exec: ["/tmp/.cache", "-c", "id"], also: [drift] },
    { prepare: [["cp", "/bin/dash", "/tmp/.cache"]] },
  ),
];

const openedShells = [
  ...pair("Shell Opened in a Container", "terminal", { terminal: ["sh", "-c", "id"] }, { exec: ["sh", "-c", "id"] }),
  ...pair("Shell Opened in a Container", "waits-for-commands", { exec: ["bash"] }, { exec: ["bash", "/opt/steps.sh"] }),
  ...pair(
    "Shell Opened in a Container",
    "renamed-shell",
    { terminal: ["/opt/report", "-c", "id"] },
    { exec: ["/opt/report", "-c", "id"] },
  ),
];

const reconnaissance = [
  ...pair(
    "Secret Reconnaissance",
    "find",
    { page: ["find", "/home", "-path", "*/.git-credentials"] },
    { page: ["find", "/home", "-path", "*/.thumbnails"] },
  ),
  ...pair(
    "Secret Reconnaissance",
    "renamed-find",
    { exec: ["/opt/look", "/root", "-name", "id_rsa"] },
    { exec: ["/opt/look", "/root", "-name", "id_card"] },
  ),
  ...pair(
    "Secret Reconnaissance",
    "variable",
    { web: "set | grep AWS_SECRET_ACCESS_KEY=", also: [webShell] },
    { web: "set | grep PATH=", also: [webShell] },
  ),
  ...pair(
    "Secret Reconnaissance",
    "renamed-grep",
    { page: ["/opt/select", "AWS_SECRET_ACCESS_KEY="] },
    { page: ["/opt/select", "PATH="] },
  ),
];

/** CLONE_NEWPID */
const newProcesses = String(0x20000000);

const driftBinaries = [
  ...pair(
    drift,
    "copied-program",
    { exec: ["/tmp/work"] },
    { exec: ["/opt/work"] },
    { prepare: [["cp", "/bin/true", "/tmp/work"]] },
  ),
  ...pair(
    drift,
    "name-of-the-image",
    { exec: ["/tmp/nginx", "-v"] },
    { exec: ["/usr/sbin/nginx", "-v"] },
    { prepare: [["cp", "/bin/true", "/tmp/nginx"]] },
  ),
  // Both are in the upper layer now: one with another content, one with another mode alone.
  ...pair(
    drift,
    "overwritten-program",
    { exec: ["/opt/altered"] },
    { exec: ["/opt/guarded"] },
    {
      prepare: [
        ["cp", "/bin/echo", "/opt/altered"],
        ["chmod", "700", "/opt/guarded"],
      ],
    },
  ),
  ...pair(
    drift,
    "memory",
    { exec: ["/opt/probe", "/opt/memory.pl", memfdCreate] },
    { exec: ["/opt/probe", "/opt/start.pl", memfdCreate] },
  ),
  // The first process of a process namespace, below a parent that calls itself runc: no container's first program.
  ...pair(
    drift,
    "as-runc",
    { privileged: ["/opt/probe", "/opt/as-runc.pl", newProcesses, "/tmp/work", "work"] },
    { privileged: ["/opt/probe", "/opt/as-runc.pl", newProcesses, "/opt/work", "work"] },
    { prepare: [["cp", "/bin/true", "/tmp/work"]] },
  ),
];

/** The same script: in the image, and written while the container runs. */
const driftScripts = pair(
  "Drift Script Executed",
  "written",
  { exec: ["/tmp/steps"] },
  { exec: ["/opt/steps"] },
  {
    prepare: [
      ["sh", "-c", "cp /opt/steps /tmp/steps"],
      ["chmod", "755", "/tmp/steps", "/opt/steps"],
    ],
  },
);

const driftLibrary = "Drift Library Loaded";
/** Of any architecture: a library that the image has, and its loader. */
const mathLibrary = "/usr/lib/*-linux-gnu*/libm.so.6";

const driftLibraries = [
  ...pair(
    driftLibrary,
    "preloaded",
    { exec: ["/opt/report", "-c", "LD_PRELOAD=/var/lib/l.so /opt/work; true"] },
    { exec: ["/opt/report", "-c", `LD_PRELOAD=$(echo ${mathLibrary}) /opt/work; true`] },
    { prepare: [["sh", "-c", `cp ${mathLibrary} /var/lib/l.so`]] },
  ),
  ...pair(
    driftLibrary,
    "by-the-loader",
    { exec: ["/opt/report", "-c", "$(echo /usr/lib/*-linux-gnu*/ld-linux-*.so.*) /var/lib/work; true"] },
    { exec: ["/opt/report", "-c", "$(echo /usr/lib/*-linux-gnu*/ld-linux-*.so.*) /opt/work; true"] },
    { prepare: [["cp", "/bin/true", "/var/lib/work"]] },
  ),
];

const preloads = pair(
  "Code Preloaded by the Environment",
  "library",
  { exec: ["/opt/report", "-c", "LD_PRELOAD=/tmp/l.so /opt/work; true"], also: [driftLibrary] },
  { exec: ["/opt/report", "-c", `LD_PRELOAD=$(echo ${mathLibrary}) /opt/work; true`] },
  { prepare: [["sh", "-c", `cp ${mathLibrary} /tmp/l.so`]] },
);

export const onProcesses: Attack[] = [
  ...webShells,
  ...openedShells,
  ...reconnaissance,
  ...driftBinaries,
  ...driftScripts,
  ...driftLibraries,
  ...preloads,
];
