import { exec, fpmMaster, fpmWorker, nginx, runc, scriptShell, shim, webShell } from "./event-builder.ts";
import { testTwins } from "./twins.ts";

const runcsCopy = { argv: ["runc", "init"], exe: "/memfd:runc_cloned:/proc/self/exe", memory: true };
const asRunc = { ...runc, exe: "/usr/bin/perl" };
const ownFirst = { argv: ["/app"], exe: "/app", upper: true, nsPid: 1, parents: [runc] };

testTwins({
  "Web Shell Activity": [
    {
      name: "PHP starts a shell with a command, not a program",
      fires: [exec({ ...webShell, parents: [fpmWorker, fpmMaster] })],
      quiet: [exec({ argv: ["convert", "-c", "a.png"], parents: [shim] })],
    },
    {
      name: "a shell reads a script from its standard input below a web server, not below the container's program",
      fires: [exec({ ...scriptShell, parents: [webShell, fpmWorker, fpmMaster] })],
      quiet: [exec({ ...scriptShell, parents: [{ argv: ["/usr/local/bin/app"] }, shim] })],
    },
    {
      name: "the shell is told a command, not the file of a CGI script",
      fires: [exec({ argv: ["bash", "-c", "id"], parents: [nginx] })],
      quiet: [exec({ argv: ["bash", "/usr/lib/cgi-bin/report.sh"], parents: [nginx] })],
    },
    {
      name: "a renamed shell of the image is told a command by the web server itself",
      fires: [
        exec({ argv: ["/opt/report", "-c", "id; uname -a"], exe: "/opt/report", parents: [fpmWorker, fpmMaster] }),
      ],
      quiet: [
        exec({ argv: ["/opt/report", "--since", "monday"], exe: "/opt/report", parents: [fpmWorker, fpmMaster] }),
      ],
    },
    {
      name: "a copy of a shell under another name reads commands",
      fires: [exec({ argv: ["./.cache"], exe: "/tmp/.cache", upper: true, parents: [nginx] })],
      quiet: [exec({ argv: ["/usr/bin/cache"], exe: "/usr/bin/cache", parents: [nginx] })],
    },
    {
      name: "PHP's mail() calls sendmail alone, not with a second command",
      fires: [exec({ argv: ["sh", "-c", "/usr/sbin/sendmail -t -i; id"], parents: [fpmWorker] })],
      quiet: [exec({ argv: ["sh", "-c", "/usr/sbin/sendmail -t -i"], parents: [fpmWorker] })],
    },
  ],
  "Shell Opened in a Container": [
    {
      name: "a shell is entered with a terminal, not a probe without one",
      fires: [exec({ argv: ["sh", "-c", "cat /tmp/healthy"], tty: 34816, parents: [runc] })],
      quiet: [exec({ argv: ["sh", "-c", "cat /tmp/healthy"], tty: 0, parents: [runc] })],
    },
    {
      name: "a shell that waits for commands is entered, not the container's own first program",
      fires: [exec({ argv: ["bash"], parents: [runc] })],
      quiet: [exec({ argv: ["bash"], nsPid: 1, parents: [runc] })],
    },
    {
      name: "the shell comes from outside, not from a script inside",
      fires: [exec({ argv: ["sh"], parents: [shim] })],
      quiet: [exec({ argv: ["sh"], parents: [{ argv: ["make"] }] })],
    },
    {
      name: "a renamed shell gets a terminal",
      fires: [exec({ argv: ["/tmp/x"], exe: "/tmp/x", upper: true, tty: 34816, parents: [runc] })],
      quiet: [exec({ argv: ["psql"], tty: 34816, parents: [runc] })],
    },
  ],
  "Secret Reconnaissance": [
    {
      name: "find looks for credentials, not for pictures",
      fires: [exec({ argv: ["find", "/", "-path", "*/.git-credentials"] })],
      quiet: [exec({ argv: ["find", "/", "-path", "*/.thumbnails"] })],
    },
    {
      name: "a renamed find is given find's words",
      fires: [exec({ argv: ["./f", "/", "-name", "id_rsa"], exe: "/opt/f" })],
      quiet: [exec({ argv: ["./f", "/", "--size", "id_rsa"], exe: "/opt/f" })],
    },
    {
      name: "grep looks for a secret variable, not for a path",
      fires: [exec({ argv: ["grep", "AZURE_CREDENTIAL_FILE="] })],
      quiet: [exec({ argv: ["grep", "PATH="] })],
    },
    {
      name: "a renamed grep is given the variable",
      fires: [exec({ argv: ["./g", "AWS_SECRET_ACCESS_KEY="], exe: "/opt/g" })],
      quiet: [exec({ argv: ["env", "AWS_SECRET_ACCESS_KEY=x", "aws", "s3", "ls"] })],
    },
    {
      name: "certificates are looked for everywhere, not in their folder",
      fires: [exec({ argv: ["find", "/", "-name", "*.pem"] })],
      quiet: [exec({ argv: ["find", "/etc/ssl/certs", "-name", "*.pem"] })],
    },
    {
      name: "grep looks for private keys in files, not for a certificate",
      fires: [exec({ argv: ["grep", "-r", "BEGIN RSA PRIVATE KEY", "/"] })],
      quiet: [exec({ argv: ["grep", "-r", "BEGIN CERTIFICATE", "/"] })],
    },
  ],
  "Drift Binary Executed": [
    {
      name: "the executable was written after the start, not shipped",
      fires: [exec({ argv: ["./report"], exe: "/var/www/html/report", upper: true })],
      quiet: [exec({ argv: ["./report"], exe: "/var/www/html/report" })],
    },
    {
      name: "the executable is in memory, and is not the runtime",
      fires: [exec({ argv: ["[kworker]"], name: "memfd:x", exe: "/memfd:x (deleted)", memory: true })],
      quiet: [
        exec({
          argv: ["runc", "init"],
          exe: "/memfd:runc_cloned:/proc/self/exe (deleted)",
          memory: true,
          parents: [runc],
        }),
      ],
    },
    {
      name: "the runtime's name alone does not hide a program",
      fires: [exec({ argv: ["x"], exe: "/memfd:runc_cloned:/proc/self/exe (deleted)", memory: true })],
      quiet: [exec({ argv: ["x"], exe: "/usr/bin/x" })],
    },
    {
      name: "its parent, too, only calls itself the runtime; the quiet one was started outside",
      fires: [exec({ ...runcsCopy, parents: [asRunc] })],
      quiet: [exec({ ...runcsCopy, parents: [asRunc], outside: true })],
    },
    {
      name: "a parent that calls itself the runtime gave it a process namespace; the quiet one came from outside",
      fires: [exec({ ...ownFirst, parents: [asRunc] })],
      quiet: [exec(ownFirst)],
    },
    {
      name: "the container's first program gave way to it (sh -c with the program last); the quiet one is the first",
      fires: [exec({ ...ownFirst, first: false })],
      quiet: [exec(ownFirst)],
    },
    {
      name: "it is called as the runtime's copy of itself; an earlier sensor does not tell where that was started",
      fires: [exec({ ...runcsCopy, parents: [asRunc] })],
      quiet: [{ ...exec({ ...runcsCopy, parents: [asRunc] }), first_inside: null }],
    },
    {
      name: "an earlier sensor does not tell who is first; the quiet one was started by what calls itself the runtime",
      fires: [{ ...exec({ ...ownFirst, parents: [{ argv: ["sh"] }] }), first_inside: null }],
      quiet: [{ ...exec({ ...ownFirst, parents: [asRunc] }), first_inside: null }],
    },
    {
      name: "the container's own first program was blocked, not only started",
      fires: [{ ...exec(ownFirst), exec_verdict: "blocked" }],
      quiet: [exec(ownFirst)],
    },
  ],
});
