// Scripts of the victim's image that make one rare call, by its number: Perl has a name for few of them.

const onArm = process.arch === "arm64";

/** Numbers of calls: on x86_64, on arm64. */
const number = (x86: number, arm: number): string => String(onArm ? arm : x86);

const unshare = number(272, 97);

export const callNumber = {
  ptrace: number(101, 117),
  process_vm_readv: number(310, 270),
  process_vm_writev: number(311, 271),
  bpf: number(321, 280),
  perf_event_open: number(298, 241),
  userfaultfd: number(323, 282),
  eventfd2: number(290, 19),
} as const;

/** A child that waits until its parent is done with it. */
const withChild = (inChild: string, inParent: string): string => `my ($number, $request) = @ARGV;
pipe(my $ready, my $say) or die; pipe(my $hold, my $let) or die;
my $word = "planted!";
my $pid = fork();
if ($pid == 0) { close($ready); close($let); ${inChild} syswrite($say, "."); sysread($hold, my $end, 1); exit 0; }
close($say); close($hold); sysread($ready, my $byte, 1);
${inParent}
close($let); kill("KILL", $pid); waitpid($pid, 0);
`;

export const callFiles: Record<string, string> = {
  // NUMBER REQUEST: of ptrace; 0 lets the child ask to be traced, as a debugger's does.
  "opt/trace.pl": withChild(
    "if ($request == 0) { syscall($number, 0, 0, 0, 0) == 0 or die; }",
    "if ($request != 0) { syscall($number, $request + 0, $pid, 0, 0) == 0 or die; waitpid($pid, 0); }",
  ),
  // NUMBER: of process_vm_readv or process_vm_writev. The child has its word at the parent's address.
  "opt/memory-of.pl": withChild(
    "",
    `my $other = "planned!"; my $far = pack("JJ", unpack("J", pack("P", $word)), 8);
my $near = pack("JJ", unpack("J", pack("P", $other)), 8);
syscall($number, $pid, $near, 1, $far, 1, 0) == 8 or die;`,
  ),
  // NUMBER COMMAND: a program that gives 0 (BPF_PROG_LOAD is 5), or a map (BPF_MAP_CREATE is 0).
  "opt/kernel-program.pl": `my ($number, $command) = @ARGV;
my $code = pack("CCsl", 0xb7, 0, 0, 0) . pack("CCsl", 0x95, 0, 0, 0);
my $license = "GPL\\0";
my $given = $command == 5 ? pack("LLPP", 1, 2, $code, $license) : pack("LLLL", 2, 4, 8, 1);
$given .= "\\0" x (128 - length($given));
syscall($number, $command + 0, $given, 128) >= 0 or die "$!";
`,
  // NUMBER WHOSE COMMAND: opens a map of one's own, or all that there are, by their numbers; then asks for the command on those
  // named ports, with a key that none of them has (BPF_MAP_DELETE_ELEM is 3; 0 for none).
  "opt/kernel-maps.pl": `my ($number, $whose, $command) = @ARGV;
sub bpf { my $given = $_[1] . "\\0" x (128 - length($_[1])); my $got = syscall($number + 0, $_[0] + 0, $given, 128); return ($got, $given); }
sub facts { my $facts = "\\0" x 128; bpf(15, pack("LLP", $_[0], 128, $facts)); return (unpack("L", substr($facts, 4)), unpack("Z16", substr($facts, 24))); }
my @ids;
if ($whose eq "own") { my ($map) = bpf(0, pack("LLLLLLLa16", 1, 4, 4, 1, 0, 0, 0, "ports")); my ($id) = facts($map); push @ids, $id; }
else { for (my $id = 0;;) { my ($got, $given) = bpf(12, pack("L", $id)); last if $got < 0; $id = unpack("L", substr($given, 4)); push @ids, $id; } }
for (@ids) {
  my ($map) = bpf(14, pack("L", $_)); next if $map < 0;
  my ($id, $name) = facts($map);
  my $key = pack("L", 0xfffffff0);
  bpf($command, pack("LLP", $map, 0, $key)) if $command && $name eq "ports";
}
`,
  // FLAGS PROGRAM WORD...: makes namespaces, calls itself runc, and has a child of a child that becomes the program.
  "opt/as-runc.pl": `my ($flags, $program, @words) = @ARGV;
chdir("/opt"); $0 = "runc";
sub within { my $pid = fork(); if ($pid == 0) { shift->(); exit 1; } waitpid($pid, 0); exit($? >> 8); }
within(sub {
  if ($flags) { syscall(${unshare}, $flags + 0) == 0 or die "$!"; }
  within(sub { exec { $program } @words; });
});
`,
  // What runc's child is called with. In its environment FLAGS.
  "opt/init": `syscall(${unshare}, $ENV{FLAGS} + 0) == 0 or die "$!";\n`,
  // NUMBER ARGUMENT
  "opt/one-call.pl": `syscall($ARGV[0] + 0, $ARGV[1] + 0, 0) >= 0 or die "$!";\n`,
  // NUMBER ALSO-THE-KERNEL: a counter of one's own, or of the kernel too, which is refused.
  "opt/count.pl": `my ($number, $kernel) = @ARGV;
my $flags = $kernel ? 1 : 1 | 1 << 5 | 1 << 6;
my $what = pack("LLQQQQQ", 1, 112, 1, 0, 0, 0, $flags); $what .= "\\0" x (112 - length($what));
my $fd = syscall($number + 0, $what, 0, -1, -1, 0);
`,
};
