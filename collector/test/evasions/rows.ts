// The ways around a sensor that are known; docs/blind-spots.md says of each what is seen, and a test keeps the two equal.

/** seen: an event tells it as it was. weaker: something tells it, not all. blind: nothing does. */
export type Sight = "seen" | "weaker" | "blind";
export type Row = { number: number; evasion: string; sight: Sight };

export const rows: readonly Row[] = [
  { number: 1, evasion: "a watched file is opened through io_uring", sight: "seen" },
  { number: 2, evasion: "a connection is made through io_uring", sight: "seen" },
  { number: 3, evasion: "io_uring with a kernel thread that submits (SQPOLL)", sight: "seen" },
  { number: 4, evasion: "32-bit system calls by `int 0x80` in 64-bit code", sight: "weaker" },
  { number: 5, evasion: "another thread rewrites the path during the call", sight: "seen" },
  { number: 6, evasion: "the path lies on a page that is not there yet", sight: "seen" },
  { number: 7, evasion: "execveat of a descriptor, fexecve, memfd, a program whose file is gone", sight: "seen" },
  { number: 8, evasion: "`/proc/self/exe` and the applets of busybox", sight: "seen" },
  { number: 9, evasion: "a symbolic link to a program", sight: "seen" },
  { number: 10, evasion: "a false argv[0], or no arguments at all", sight: "seen" },
  { number: 11, evasion: "100 KB of arguments before the one that matters", sight: "seen" },
  { number: 12, evasion: "a thread that is not the first runs the program", sight: "seen" },
  { number: 13, evasion: "scripts, `sh -c`, a script on standard input", sight: "seen" },
  { number: 14, evasion: "`ld.so ./program`, LD_PRELOAD, dlopen", sight: "seen" },
  { number: 15, evasion: "unshare, setns, nsenter, clone into new namespaces", sight: "seen" },
  { number: 16, evasion: "a process moves to another control group", sight: "seen" },
  { number: 17, evasion: "ptrace, process_vm_writev, pidfd_getfd, /proc/PID/mem", sight: "seen" },
  { number: 18, evasion: "a descriptor is passed on, then used", sight: "seen" },
  { number: 19, evasion: "openat2, creat, open_by_handle_at, open_tree", sight: "seen" },
  { number: 20, evasion: "the mount calls of Linux 5.2 and later", sight: "seen" },
  { number: 21, evasion: "a hard link to, or another name for, a watched file", sight: "seen" },
  { number: 22, evasion: "a process id that is used again", sight: "seen" },
  { number: 23, evasion: "a flood of events", sight: "seen" },
  { number: 24, evasion: "a process that lives for a tenth of a millisecond", sight: "seen" },
  { number: 25, evasion: "a process rewrites its command line and its name", sight: "seen" },
  { number: 26, evasion: "userfaultfd and FUSE, to stop a call in its middle", sight: "seen" },
  { number: 27, evasion: "signals to the sensor, bpf() calls of others", sight: "seen" },
  { number: 28, evasion: "containers in a container", sight: "seen" },
  { number: 29, evasion: "raw, packet and netlink sockets", sight: "seen" },
  { number: 30, evasion: "DNS over TCP, unconnected UDP, over HTTPS", sight: "weaker" },
  { number: 31, evasion: "vfork, CLONE_VM, and another parent by CLONE_PARENT", sight: "seen" },
  { number: 32, evasion: "so many calls at once that a table of calls in flight is full", sight: "seen" },
];
