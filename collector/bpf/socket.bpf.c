// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is done with sockets beside connecting: one laid over a standard stream, bound, made to listen, accepted, made in
 * a family that few programs need, and connections to sockets that are files. Addresses and paths are the socket's, in
 * the kernel; nothing is read of user memory. Nobody gets these records unasked (filter_settings.kinds).
 */
#include "names.h"
#include "recorded.h"
#include "socket.h"
#include "strays.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ALLOW 1
#define STANDARD_STREAMS 3
#define DUPLICATE_FD 0 /* F_DUPFD */
#define DUPLICATE_FD_CLOEXEC 1030 /* F_DUPFD_CLOEXEC */
#define RAW_SOCKET 3 /* SOCK_RAW */
#define ABSTRACT_BYTES 128 /* more than a sun_path holds */

/* Whether it is to be reported, with which marks; counted where not. The flight recorder keeps binds and listens unasked. */
static __always_inline bool is_due(__u32 kind, struct task_struct *task, __u16 *marks, struct count_slot *count)
{
	count->attempted++;
	bool is_asked = kind_wanted(kind) && !is_hosts_alone(kind);
	bool is_kept = !is_asked && (kind == KIND_BIND || kind == KIND_LISTEN) && is_recorded();
	if ((!is_asked && !is_kept) || is_ignored(task)) {
		count->filtered++;
		return false;
	}
	*marks = is_kept ? MARK_FOR_RECORDER : 0;
	return is_kept ? recorder_has_budget(task, kind, count) : has_budget(task, kind, 0, count);
}

/* A record in the ring with its head filled and the rest zero, or NULL (counted). */
static __always_inline struct socket_record *begin(__u32 kind, struct task_struct *task, struct count_slot *count)
{
	__u16 marks = 0;
	if (!is_due(kind, task, &marks, count))
		return NULL;
	struct socket_record *record = RESERVE(bulk, struct socket_record, count);
	if (!record)
		return NULL;
	__builtin_memset(record->local, 0, sizeof(*record) - sizeof(record->head));
	fill_head(&record->head, kind, sizeof(*record), task);
	record->head.marks = marks;
	return record;
}

static __always_inline int report(__u32 kind, struct task_struct *task, struct sock *sk, long result)
{
	struct count_slot *count = count_of(kind);
	if (!count)
		return 0;
	struct socket_record *record = begin(kind, task, count);
	if (!record)
		return 0;
	fill_socket(record, sk);
	record->result = result;
	SUBMIT(record, count);
	return 0;
}

/* The socket of a descriptor that a call has just given. */
static __always_inline struct sock *sock_at(struct task_struct *task, long fd)
{
	struct file *file = fd < 0 ? NULL : file_of(task, fd);
	return file ? sock_of(file) : NULL;
}

/*
 * Two streams and a socket are all that a remote shell is. A socket of AF_UNIX leads to this machine only, and is how
 * Node starts each of its children.
 */
static __always_inline int duplicated(struct ended_call *ended)
{
	long fd = ended->result;
	if (fd < 0 || fd >= STANDARD_STREAMS)
		return 0;
	struct task_struct *task = current_task();
	struct sock *sk = sock_at(task, fd);
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		return 0;
	return report(KIND_DUP, task, sk, fd);
}

AT_EXIT(dup, exit_dup, duplicated)
AT_EXIT(dup2, exit_dup2, duplicated)
AT_EXIT(dup3, exit_dup3, duplicated)

/* Most calls of fcntl give 0: of those the command decides, and that is known from Linux 5.15 on. */
static __always_inline int duplicated_by_command(struct ended_call *ended)
{
	if (ended->result < 0 || ended->result >= STANDARD_STREAMS || !has_arguments(ended))
		return 0;
	__u32 command = argument(ended, 1);
	if (command != DUPLICATE_FD && command != DUPLICATE_FD_CLOEXEC)
		return 0;
	return duplicated(ended);
}

AT_EXIT_COMPAT(fcntl, exit_fcntl, duplicated_by_command)
AT_EXIT_32(compat_sys_fcntl64, exit_fcntl64, duplicated_by_command)

/* As it is asked for: what is in use already, or not allowed, is refused only afterwards. */
static __always_inline struct socket_record *begin_bind(struct bpf_sock_addr *ctx, struct count_slot **slot)
{
	struct count_slot *count = count_of(KIND_BIND);
	if (!count)
		return NULL;
	*slot = count;
	struct socket_record *record = begin(KIND_BIND, current_task(), count);
	if (!record)
		return NULL;
	record->family = ctx->family;
	record->type = ctx->type;
	record->protocol = ctx->protocol;
	record->local_port = bpf_ntohs(ctx->user_port);
	return record;
}

SEC("cgroup/bind4")
int bind4(struct bpf_sock_addr *ctx)
{
	struct count_slot *count = NULL;
	struct socket_record *record = begin_bind(ctx, &count);
	if (!record)
		return ALLOW;
	*(__u32 *)record->local = ctx->user_ip4;
	SUBMIT(record, count);
	return ALLOW;
}

SEC("cgroup/bind6")
int bind6(struct bpf_sock_addr *ctx)
{
	struct count_slot *count = NULL;
	struct socket_record *record = begin_bind(ctx, &count);
	if (!record)
		return ALLOW;
	__u32 *local = (void *)record->local;
	local[0] = ctx->user_ip6[0];
	local[1] = ctx->user_ip6[1];
	local[2] = ctx->user_ip6[2];
	local[3] = ctx->user_ip6[3];
	SUBMIT(record, count);
	return ALLOW;
}

/* Only listen(2) and io_uring's twin lead to this state, and both run in the process that asks. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(sock_listens, const struct sock *sk, int old_state, int new_state)
{
	if (new_state != STATE_LISTEN)
		return 0;
	return report(KIND_LISTEN, current_task(), (struct sock *)sk, 0);
}

/* A connection is made by whoever's interrupt brings the packet; the process is who takes it. */
static __always_inline int accepted(struct ended_call *ended)
{
	long fd = ended->result;
	struct task_struct *task = current_task();
	struct sock *sk = sock_at(task, fd);
	if (!sk)
		return 0;
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	return family == AF_INET || family == AF_INET6 ? report(KIND_ACCEPT, task, sk, fd) : 0;
}

AT_EXIT_64(accept, exit_accept, accepted)
AT_EXIT(accept4, exit_accept4, accepted)

/* Streams and datagrams of IP, and AF_UNIX, are everybody's; the rest is for tools. */
static __always_inline int made_socket(struct ended_call *ended)
{
	struct task_struct *task = current_task();
	struct sock *sk = sock_at(task, ended->result);
	if (!sk)
		return 0;
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family == AF_UNIX)
		return 0;
	if ((family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_type) != RAW_SOCKET)
		return 0;
	return report(KIND_SOCKET, task, sk, ended->result);
}

AT_EXIT(socket, exit_socket, made_socket)

/* The other end, as connect found it: a stream's was made from the listener and has its address. */
static __always_inline struct unix_sock *peer_of(struct sock *sk)
{
	struct unix_sock *own = (struct unix_sock *)sk;
	return (struct unix_sock *)BPF_CORE_READ(own, peer);
}

static __always_inline bool socket_name_watched(__u64 dentry)
{
	struct dentry_facts facts = {};
	read_dentry(&facts, dentry);
	struct name_key key = { .length = facts.name.len };
	__u32 length = facts.name.len;
	if (length > NAME_BYTES)
		length = NAME_BYTES;
	bpf_probe_read_kernel(key.bytes, length, facts.name.name);
	return key_watched(&key, NAME_FOR_SOCKET);
}

/* Without a file: an abstract name (a zero byte, then the name; it may hold more zeros), or none. */
static __always_inline __u32 append_abstract(struct scratch *scratch, struct unix_sock *peer)
{
	struct unix_address *address = BPF_CORE_READ(peer, addr);
	const __u32 at = sizeof(struct socket_record);
	if (!address)
		return 0;
	__u32 length = BPF_CORE_READ(address, len) - sizeof(__u16);
	if (length == 0 || length >= ABSTRACT_BYTES)
		return 0;
	if (bpf_probe_read_kernel(&scratch->bytes[at], length & (ABSTRACT_BYTES - 1), (void *)&address->name[0].sun_path))
		return 0;
	scratch->bytes[at] = '@';
	return length;
}

static __always_inline void report_peer(struct scratch *scratch, struct task_struct *task, struct sock *sk,
					struct unix_sock *peer, struct count_slot *count)
{
	struct socket_record *record = &scratch->socket;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_UNIX_CONNECT, 0, task);
	fill_socket(record, sk);
	__u64 dentry = (__u64)BPF_CORE_READ(peer, path.dentry);
	__u32 length = 0;
	if (dentry) {
		__u32 flags = 0;
		length = append_path(scratch, sizeof(*record), dentry, (__u64)BPF_CORE_READ(peer, path.mnt), &flags);
		record->flags = flags;
	} else {
		length = append_abstract(scratch, peer);
	}
	record->path_length = length;
	submit(&bulk, scratch, sizeof(*record) + length, count);
}

/* A path of AF_UNIX as the one who bound it saw it: a name given to it in a container by a mount hides nothing. */
static __always_inline int connected_by(int fd)
{
	struct task_struct *task = current_task();
	struct sock *sk = sock_at(task, fd);
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return 0;
	struct count_slot *count = count_of(KIND_UNIX_CONNECT);
	struct unix_sock *peer = peer_of(sk);
	if (!count || !peer)
		return 0;
	__u64 dentry = (__u64)BPF_CORE_READ(peer, path.dentry);
	if (!kind_wanted(KIND_UNIX_CONNECT) && !(dentry && socket_name_watched(dentry))) {
		count->attempted++;
		count->filtered++;
		return 0;
	}
	count->attempted++;
	if (is_ignored(task) || is_hosts_alone(KIND_UNIX_CONNECT)) {
		count->filtered++;
		return 0;
	}
	if (!has_budget(task, KIND_UNIX_CONNECT, 0, count))
		return 0;
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	report_peer(scratch, task, sk, peer, count);
	scratch_give(scratch);
	return 0;
}

static __always_inline int connected(struct ended_call *ended)
{
	return ended->result == 0 && has_arguments(ended) ? connected_by(argument(ended, 0)) : 0;
}

AT_EXIT(connect, exit_connect, connected)

#ifdef AT_32_BIT_FUNCTIONS
/* One call for all that is done with sockets; what it does it with lies in user memory. */
static __always_inline int by_socketcall(struct ended_call *ended)
{
	int fd = -1;
	if (!has_arguments(ended))
		return 0;
	switch (argument(ended, 0)) {
	case SOCKETCALL_SOCKET:
		return made_socket(ended);
	case SOCKETCALL_CONNECT:
		if (ended->result == 0 && !bpf_probe_read_user(&fd, sizeof(fd), (void *)argument(ended, 1)))
			return connected_by(fd);
		return 0;
	case SOCKETCALL_ACCEPT:
	case SOCKETCALL_ACCEPT4:
		return accepted(ended);
	default:
		return 0;
	}
}
#endif

AT_EXIT_32(compat_sys_socketcall, exit_socketcall, by_socketcall)
