/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side writes into the rings, byte for byte.
 *
 *   | record_head (128 bytes: size, kind, time, task) | fixed part of the kind | its strings, one after the other |
 *
 * Every member has a fixed width, every gap a name, every size an assertion; src/kernel/layout.ts reads the same
 * offsets and test/record-layout.kernel.test.ts compares the two through BTF. Times are microseconds since boot.
 * Strings carry no terminator: their lengths stand in the fixed part, in the order in which they follow.
 *
 * After an upgrade the next build reads what lies in the rings by these types, as the kernel keeps them with the programs
 * (src/kernel/translate-records.ts): members are found by their names. So a kind's number and a flag's bit are never used for
 * anything else, and a member that gets another meaning gets another name.
 */
#ifndef ATALAYA_RECORD_H
#define ATALAYA_RECORD_H

enum record_kind {
	KIND_EXEC = 1,
	KIND_EXEC_FAILED = 2,
	KIND_FORK = 3,
	KIND_EXIT = 4,
	KIND_NAMESPACE = 5,
	KIND_CGROUP_MKDIR = 6,
	KIND_OPEN = 7,
	KIND_OPEN_FAILED = 8,
	KIND_CONNECT = 9,
	KIND_SEND = 10,
	KIND_SNAPSHOT = 11,
	KIND_DNS_QUERY = 12,
	KIND_CALL = 13,
	KIND_CHANGE = 14,
	KIND_CGROUP_MOVE = 15,
	KIND_EXEC_ENV = 16, /* in settings alone: the telling variables of an exec are wanted */
	KIND_DUP = 20,
	KIND_BIND = 21,
	KIND_LISTEN = 22,
	KIND_ACCEPT = 23,
	KIND_SOCKET = 24,
	KIND_UNIX_CONNECT = 25,
	KIND_CONNECT_FAILED = 26,
	KIND_RECEIVE = 27,
	KIND_SENSOR_SIGNAL = 28,
	KIND_SENSOR_BPF = 29,
	KIND_MAP = 30,
	KIND_DNS_ANSWER = 31,
};

struct record_task {
	__u64 start_us;
	__u64 parent_start_us;
	__u64 cgroup_id_v2;
	__u64 cgroup_id_v1; /* memory controller; 0 where it is not a v1 hierarchy */
	__u64 cap_effective;
	__u32 pid;
	__u32 tid;
	__u32 ppid;
	__u32 ns_pid;
	__u32 session_id;
	__u32 tty; /* as in /proc/PID/stat */
	__u32 uid;
	__u32 gid;
	__u32 euid;
	__u32 login_uid;
	__u32 mnt_ns;
	__u32 pid_ns;
	__u32 net_ns;
	__u32 gap;
	__u8 comm[16];
};
_Static_assert(sizeof(struct record_task) == 112, "record_task");

struct record_head {
	__u32 size; /* of the whole record, strings included */
	__u16 kind;
	__u16 marks; /* MARK_… */
	__u64 boot_us;
	struct record_task task;
};
_Static_assert(sizeof(struct record_head) == 128, "record_head");

#define MARK_FOR_RECORDER 0x1 /* no rule asks for it: it goes to the flight recorder, and nowhere else */

/* Flags of exec, snapshot and the two open kinds. */
#define FLAG_UPPER_LAYER 0x01 /* the file is in the upper layer of an overlay */
#define FLAG_MEMFD 0x02
#define FLAG_DELETED 0x04
#define FLAG_PATH_CUT 0x08 /* more components or bytes than the walk takes: the head of the path is missing */
#define FLAG_READ_FAULT 0x10 /* a part could not be read: it is empty */
#define FLAG_CREATED 0x20
#define FLAG_PATH_TRUSTED 0x40 /* from the kernel's dentries, not from user memory */
#define FLAG_URING 0x100 /* through io_uring */
#define FLAG_OTHER_NAME 0x400 /* of open: opened by another name than the path, which stands before it (in place of the directory) */
#define FLAG_CWD_CUT 0x80 /* as FLAG_PATH_CUT, of the working directory */
/* Of exec and snapshot alone. */
#define FLAG_OVERLAY 0x1000 /* the file is in an overlay, in whichever layer */
#define FLAG_ENV_CUT 0x0200 /* not all of the environment was looked at, or not all that was found is told */
#define FLAG_VOLUME 0x2000 /* on another file system than the root of its process */
#define FLAG_BLOCKED 0x4000 /* ended before its first instruction: it did not come with the image */
#define FLAG_WOULD_BLOCK 0x8000 /* it would have been */
#define FLAG_PERMITTED 0x20000 /* what it may do, and its process group, are told */
#define FLAG_REFUSED 0x10000 /* with FLAG_BLOCKED: not killed but refused; the process goes on as what it was */

/* What a standard stream is: of exec and snapshot. */
enum stream_kind {
	STREAM_UNKNOWN = 0,
	STREAM_CLOSED = 1,
	STREAM_FILE = 2,
	STREAM_DIRECTORY = 3,
	STREAM_TTY = 4,
	STREAM_NULL = 5,
	STREAM_DEVICE = 6, /* another one */
	STREAM_PIPE = 7,
	STREAM_IPV4 = 8, /* connected */
	STREAM_IPV6 = 9,
	STREAM_UNIX = 10,
	STREAM_SOCKET = 11, /* of another family, or not connected */
	STREAM_OTHER = 12,
};

/*
 * Strings: filename, interpreter, exe, cwd, lower, head of the arguments, their tail (where the middle was cut), telling variables of the environment (env.h).
 * lower is where a file of the upper layer was copied up from, as seen from its own layer; only where it is as long now.
 */
struct exec_record {
	struct record_head head;
	__u64 inode;
	__u32 device; /* as stat(2) gives it */
	__u32 mode;
	__u32 flags;
	__u32 argc;
	__u32 args_total; /* bytes */
	__u16 filename_length;
	__u16 interpreter_length;
	__u16 exe_length;
	__u16 cwd_length;
	__u16 args_head_length;
	__u16 args_tail_length;
	__u64 lower_inode; /* of the file below, with its device; 0 where there is none of this length */
	__u64 upper_change_s; /* ctime of the file above: nobody can set it */
	__u32 upper_change_ns;
	__u32 lower_device;
	__u16 lower_length;
	__u8 stdin_kind; /* enum stream_kind */
	__u8 stdout_kind;
	__u8 stderr_kind;
	__u8 gap_of_kinds;
	__u16 env_length;
	__u64 cap_permitted; /* with the next one only where FLAG_PERMITTED is set */
	__u32 ns_pgid; /* the process group's number in the task's pid namespace; 0 where its leader is outside of it */
	__u32 gap_at_end;
};
_Static_assert(sizeof(struct exec_record) == 216, "exec_record");

/* Strings: filename. */
struct exec_failed_record {
	struct record_head head;
	__s32 error;
	__u16 filename_length;
	__u16 gap;
};
_Static_assert(sizeof(struct exec_failed_record) == 136, "exec_failed_record");

/* The task is the child. With CLONE_PARENT (runc, and whoever hides) its parent is not who made it. */
struct fork_record {
	struct record_head head;
	__u64 maker_start_us;
	__u32 maker_pid;
	__u32 gap;
};
_Static_assert(sizeof(struct fork_record) == 144, "fork_record");

struct exit_record {
	struct record_head head;
	__u32 code;
	__u32 signal;
};
_Static_assert(sizeof(struct exit_record) == 136, "exit_record");

struct namespace_record {
	struct record_head head;
	__u64 clone_flags;
};
_Static_assert(sizeof(struct namespace_record) == 136, "namespace_record");

/* Strings: path. */
struct cgroup_record {
	struct record_head head;
	__u64 cgroup_id;
	__u32 version; /* 2, or 1: the memory controller's hierarchy */
	__u16 path_length;
	__u16 gap;
};
_Static_assert(sizeof(struct cgroup_record) == 144, "cgroup_record");

/* The task was moved to that group, and is in it already; of a thread alone the ids of the head differ. Strings: path. */
struct cgroup_move_record {
	struct record_head head;
	__u64 cgroup_id;
	__u64 mover_start_us;
	__u32 mover_pid;
	__u32 version; /* as cgroup_record's */
	__u16 path_length;
	__u16 gap;
	__u32 gap_at_end;
};
_Static_assert(sizeof(struct cgroup_move_record) == 160, "cgroup_move_record");

/* Strings: directory that a relative path of user memory starts from (or, with FLAG_OTHER_NAME, the path that was opened), path. */
struct open_record {
	struct record_head head;
	__u64 inode;
	__u32 device;
	__u32 open_flags;
	__s32 error;
	__u32 flags;
	__u16 base_length;
	__u16 path_length;
	__u32 file_mode; /* of the inode, its type included; 0 where there is no file */
};
_Static_assert(sizeof(struct open_record) == 160, "open_record");

/* A file that became code without an exec. Strings: path. */
struct map_record {
	struct record_head head;
	__u64 inode;
	__u32 device;
	__u32 protection; /* PROT_… */
	__u32 flags;
	__u16 path_length;
	__u16 gap;
};
_Static_assert(sizeof(struct map_record) == 152, "map_record");

/* Of connect, send and receive: a datagram that came has its sender as the source. */
struct connect_record {
	struct record_head head;
	__u8 source[16]; /* network order; IPv4 in the first four bytes; zeros where not yet bound */
	__u8 destination[16];
	__u16 source_port;
	__u16 destination_port;
	__u8 family; /* 4 or 6 */
	__u8 protocol; /* of IP */
	__u16 gap;
};
_Static_assert(sizeof(struct connect_record) == 168, "connect_record");

/*
 * What became of a socket: of dup, bind, listen, accept, socket, unix_connect and connect_failed. The addresses are the
 * socket's own, of connect_failed the remote one is what was asked for.
 * Strings: path (of AF_UNIX, as the kernel resolved it when the socket was bound; an abstract name begins with @).
 */
struct socket_record {
	struct record_head head;
	__u8 local[16]; /* as connect_record's */
	__u8 remote[16];
	__u16 local_port;
	__u16 remote_port;
	__u16 family; /* AF_... */
	__u16 type; /* SOCK_..., without flags */
	__u16 protocol;
	__u16 path_length;
	__s32 result; /* of the call: a descriptor; 0 where it has none; of connect_failed the negative errno */
	__u32 flags; /* FLAG_PATH_CUT, FLAG_DELETED */
	__u32 gap;
};
_Static_assert(sizeof(struct socket_record) == 184, "socket_record");

/* Which call a call_record is of: our own numbers, the same on every architecture. At most 63. */
enum rare_call {
	CALL_PTRACE = 1,
	CALL_PROCESS_VM_READV = 2,
	CALL_PROCESS_VM_WRITEV = 3,
	CALL_PIDFD_GETFD = 4,
	CALL_MEMFD_CREATE = 5,
	CALL_SETNS = 6,
	CALL_UNSHARE = 7,
	CALL_MOUNT = 8,
	CALL_UMOUNT = 9,
	CALL_MOVE_MOUNT = 10,
	CALL_PIVOT_ROOT = 11,
	CALL_CHROOT = 12,
	CALL_BPF = 13,
	CALL_USERFAULTFD = 14,
	CALL_PERF_EVENT_OPEN = 15,
	CALL_SETUID = 16,
	CALL_SETGID = 17,
	CALL_SETRESUID = 18,
	CALL_SETRESGID = 19,
	CALL_KILL = 20,
	CALL_TKILL = 21,
	CALL_TGKILL = 22,
	CALL_PIDFD_SEND_SIGNAL = 23,
	CALL_CAPSET = 24,
	CALL_KEYCTL = 25,
	CALL_ADD_KEY = 26,
	CALL_REQUEST_KEY = 27,
	CALL_INIT_MODULE = 28,
	CALL_FINIT_MODULE = 29,
	CALL_DELETE_MODULE = 30,
	CALL_FSOPEN = 31,
	CALL_FSMOUNT = 32,
	CALL_FSCONFIG = 33,
	CALL_OPEN_TREE = 34,
	CALL_MOUNT_SETATTR = 35,
	CALL_PROC_MEM_OPEN = 36, /* no call of its own: memory.h; arguments: whose it is, as the caller numbers it and as the node does */
};

/*
 * A rare call that succeeded. The task is as the call left it. Strings: text (a path or a name, from user memory), value (of
 * fsconfig that of the key `source`, of mount_setattr the first three members of its struct mount_attr; of the rest none).
 */
struct call_record {
	struct record_head head;
	__u64 arguments[5]; /* as the registers held them */
	__s64 result;
	__u32 call; /* enum rare_call */
	__u32 flags; /* FLAG_READ_FAULT */
	__u16 text_length;
	__u16 value_length;
	__u32 gap_at_end;
};
_Static_assert(sizeof(struct call_record) == 192, "call_record");

#include "change-record.h"
#include "watch-record.h"

/*
 * A question to a name server, as its first bytes: the reader takes the name apart. They are what the kernel sends, not
 * what lies in the sender's memory.
 */
#define DNS_MESSAGE_BYTES 272 /* 12 of header, 255 of a name, its root, 4 of type and class */
struct dns_record {
	struct record_head head;
	__u8 server[16]; /* as connect_record's destination */
	__u16 server_port;
	__u8 family; /* 4 or 6 */
	__u8 protocol; /* of IP: 17, or 6 */
	__u16 message_length; /* bytes of `message` that are filled */
	__u16 gap;
	__u8 message[DNS_MESSAGE_BYTES];
};
_Static_assert(sizeof(struct dns_record) == 424, "dns_record");

/* An answer as it reached its socket; the head is the question's, but for the time. */
#define DNS_ANSWER_BYTES 512 /* as long as a datagram was before EDNS (RFC 1035, 4.2.1) */
struct dns_answer_record {
	struct record_head head;
	__u8 server[16]; /* as connect_record's destination */
	__u16 server_port;
	__u8 family; /* 4 or 6 */
	__u8 protocol; /* of IP: 17, or 6 */
	__u16 message_length; /* bytes of `message` that are filled */
	__u8 message[DNS_ANSWER_BYTES];
};
_Static_assert(sizeof(struct dns_answer_record) == 664, "dns_answer_record");

#endif
