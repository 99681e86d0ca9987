import { exec, fpmMaster, fpmWorker, nginx, open, openFlags, scriptShell, shim } from "./event-builder.ts";
import { testTwins } from "./twins.ts";

const tokenPath = "/run/secrets/kubernetes.io/serviceaccount/..2026_11_24_10_00_00.123/token";

testTwins({
  "Sensitive File Access": [
    {
      name: "cat reads the git credentials, not git",
      fires: [open({ argv: ["cat", "/home/user/.git-credentials"] }, "/home/user/.git-credentials")],
      quiet: [
        open(
          { argv: ["git", "credential-store", "get"], parents: [{ argv: ["git", "pull"] }] },
          "/home/user/.git-credentials",
        ),
      ],
    },
    {
      name: "the file holds credentials, not settings",
      fires: [open({ argv: ["head", "-c", "30", "/root/.ssh/id_rsa"] }, "/root/.ssh/id_rsa")],
      quiet: [open({ argv: ["head", "-c", "30", "/root/.ssh/config"] }, "/root/.ssh/config")],
    },
    {
      name: "a renamed reader did not come with the image",
      fires: [open({ argv: ["./git"], name: "git", exe: "/tmp/git", upper: true, parents: [shim] }, "/etc/shadow")],
      quiet: [open({ argv: ["su", "www"], parents: [shim] }, "/etc/shadow")],
    },
    {
      name: "a renamed reader of the image is told the file",
      fires: [
        open(
          { argv: ["/opt/show", "/root/.aws/credentials"], exe: "/opt/show", parents: [shim] },
          "/root/.aws/credentials",
        ),
      ],
      quiet: [open({ argv: ["/opt/backup"], exe: "/opt/backup", parents: [shim] }, "/root/.aws/credentials")],
    },
    {
      name: "something below the web server reads cloud credentials, not the application in its worker",
      fires: [
        open({ argv: ["/opt/show"], exe: "/opt/show", parents: [fpmWorker, fpmMaster] }, "/root/.aws/credentials"),
      ],
      quiet: [open({ ...fpmWorker, parents: [fpmMaster, shim] }, "/root/.aws/credentials")],
    },
    {
      name: "the web server's worker reads the passwords of the system, not those of its pages",
      fires: [open({ ...nginx, parents: [nginx, shim] }, "/etc/shadow")],
      quiet: [open({ ...nginx, parents: [nginx, shim] }, "/etc/nginx/.htpasswd")],
    },
    {
      name: "a tool is told the kubeconfig, not the container's own program",
      fires: [
        open({ argv: ["/opt/show", "/root/.kube/config"], exe: "/opt/show", parents: [shim] }, "/root/.kube/config"),
      ],
      quiet: [
        open(
          { argv: ["/opt/show", "/root/.kube/config"], exe: "/opt/show", nsPid: 1, parents: [shim] },
          "/root/.kube/config",
        ),
      ],
    },
    {
      name: "the kernel refuses the attempt",
      fires: [open({ argv: ["cat", "/etc/shadow"] }, "/etc/shadow", openFlags.read, -13)],
      quiet: [open({ argv: ["cat", "/etc/passwd"] }, "/etc/passwd", openFlags.read, -13)],
    },
    {
      name: "the kubeconfig of a user, not the configuration of a repository",
      fires: [open({ argv: ["cat", "config"] }, "/root/.kube/config")],
      quiet: [open({ argv: ["cat", "config"] }, "/src/.git/config")],
    },
  ],
  "Service Account Token Access": [
    {
      name: "cat reads the token, not the container's own program",
      fires: [open({ argv: ["cat", "/var/run/secrets/kubernetes.io/serviceaccount/token"] }, tokenPath)],
      quiet: [open({ argv: ["/bin/prometheus"], exe: "/bin/prometheus", nsPid: 1, parents: [shim] }, tokenPath)],
    },
    {
      name: "something that PHP started reads it, not PHP",
      fires: [open({ argv: ["/opt/show"], exe: "/opt/show", parents: [fpmWorker, fpmMaster] }, tokenPath)],
      quiet: [open({ ...fpmWorker, parents: [fpmMaster, shim] }, tokenPath)],
    },
    {
      name: "a shell reads it, not a Kubernetes client",
      fires: [open({ ...scriptShell, parents: [shim] }, tokenPath)],
      quiet: [open({ argv: ["kubectl", "get", "pods"], parents: [scriptShell, shim] }, tokenPath)],
    },
    {
      name: "a renamed reader of the image is told the path by a shell",
      fires: [
        open(
          {
            argv: ["/opt/show", "/var/run/secrets/kubernetes.io/serviceaccount/token"],
            exe: "/opt/show",
            parents: [scriptShell, shim],
          },
          tokenPath,
        ),
      ],
      quiet: [open({ argv: ["/opt/show"], exe: "/opt/show", parents: [scriptShell, shim] }, tokenPath)],
    },
    {
      name: "the file is the token, not the authority beside it",
      fires: [open({ argv: ["cat", "token"] }, tokenPath)],
      quiet: [open({ argv: ["cat", "ca.crt"] }, "/run/secrets/kubernetes.io/serviceaccount/..2026_11_24/ca.crt")],
    },
    {
      name: "a workload identity token is one, too",
      fires: [
        open({ argv: ["cat", "azure-identity-token"] }, "/run/secrets/azure/tokens/..2026_11_24/azure-identity-token"),
      ],
      quiet: [open({ argv: ["cat", "token"] }, "/srv/game/token")],
    },
  ],
  "Preload File Access": [
    {
      name: "the file is written, also when the kernel refuses, not the configuration beside it",
      fires: [
        open({ argv: ["./touch"], exe: "/opt/t" }, "/etc/ld.so.preload", openFlags.write | openFlags.create, -13),
      ],
      quiet: [open({ argv: ["./touch"], exe: "/opt/t" }, "/etc/ld.so.conf", openFlags.write | openFlags.create, -13)],
    },
    {
      name: "a tool reads the file, not the loader in a process that starts",
      fires: [open({ argv: ["cat", "ld.so.preload"], cwd: "/etc" }, "/etc/ld.so.preload")],
      quiet: [open({ argv: ["cat", "/etc/hostname"] }, "/etc/ld.so.preload", openFlags.read | openFlags.cloexec)],
    },
    {
      name: "a shell's redirection reads the file, not the loader in the shell",
      fires: [open(scriptShell, "/etc/ld.so.preload")],
      quiet: [open(scriptShell, "/etc/ld.so.preload", openFlags.read | openFlags.cloexec)],
    },
    {
      name: "a command without an open names the file",
      fires: [exec({ argv: ["mv", "/tmp/x", "/etc/ld.so.preload"] })],
      quiet: [exec({ argv: ["mv", "/tmp/x", "/etc/ld.so.cache"] })],
    },
  ],
});
