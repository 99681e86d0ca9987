// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Outbound connections and datagrams, by cgroup hooks at the root: they see io_uring and connected UDP as well. And datagrams
 * that come, of sockets that are not connected, where the process asks who sent them.
 * These programs can be preempted, so they write straight into the ring and use no scratch memory.
 */
#include "recorded.h"
#include "strays.h"
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ALLOW 1
#define DNS_PORT 53
#define STATE_CONNECTED 1 /* TCP_ESTABLISHED; of UDP, too */

/* A connection to a name server is always reported while somebody asks for questions: whose they are is known by it (remember_caller). */
static __always_inline bool is_port_asked(__u32 kind, __u32 protocol, __u32 port)
{
	struct filter_settings *filter = filters();
	if (!filter)
		return true;
	bool is_unwanted = is_unasked(kind);
	if (protocol == IPPROTO_TCP && port == DNS_PORT && (!is_unwanted || (filter->flags & ASKS_QUESTIONS)))
		return true;
	if (is_unwanted || is_hosts_alone(kind))
		return false;
	__u32 listed = kind == KIND_CONNECT ? PORTS_OF_CONNECT : PORTS_OF_SEND;
	if (!(filter->flags & listed))
		return true;
	__u32 *uses = bpf_map_lookup_elem(&ports, &port);
	return uses && (*uses & listed);
}

/* The address that is asked for, of which `family` is 4 or 6, in network order. */
static __always_inline void copy_address(void *to, struct bpf_sock_addr *ctx, int family)
{
	__u32 *words = to;
	if (family == 4) {
		words[0] = ctx->user_ip4;
		return;
	}
	words[0] = ctx->user_ip6[0];
	words[1] = ctx->user_ip6[1];
	words[2] = ctx->user_ip6[2];
	words[3] = ctx->user_ip6[3];
}

/*
 * Whose a connection of TCP is. Of one to a name server its questions are told by the packets, and those do not say whose
 * they are; and how any of them ends is said by an interrupt or a timer. Also where the connection itself is not told.
 */
static __always_inline void remember_caller(struct bpf_sock_addr *ctx, struct task_struct *task, int family,
					    bool is_asked, bool is_ending_due, __u16 marks)
{
	bool is_for_questions = is_asked && bpf_ntohs(ctx->user_port) == DNS_PORT;
	if (!is_for_questions && !is_ending_due)
		return;
	struct connecting caller = {};
	fill_head(&caller.head, KIND_CONNECT_FAILED, sizeof(struct socket_record), task);
	__u64 cookie = bpf_get_socket_cookie(ctx);
	if (is_for_questions)
		bpf_map_update_elem(&dns_callers, &cookie, &caller.head.task, BPF_ANY);
	if (!is_ending_due)
		return;
	caller.head.marks = marks;
	caller.port = bpf_ntohs(ctx->user_port);
	copy_address(caller.destination, ctx, family);
	bpf_map_update_elem(&connecting, &cookie, &caller, BPF_ANY);
}

static __always_inline __u64 hash_of(struct bpf_sock_addr *ctx, int family)
{
	__u32 words[4] = {};
	copy_address(words, ctx, family);
	return hash_of_place(words, ctx->user_port);
}

/* Whether it is to be told, with which marks; counted where not. */
static __always_inline bool is_due(__u32 kind, struct bpf_sock_addr *ctx, int family, __u16 *marks,
				   struct count_slot *count)
{
	struct task_struct *task = current_task();
	bool is_asked = is_port_asked(kind, ctx->protocol, bpf_ntohs(ctx->user_port));
	bool may_fail = kind == KIND_CONNECT && ctx->protocol == IPPROTO_TCP;
	bool is_failure_asked = may_fail && kind_wanted(KIND_CONNECT_FAILED);
	bool is_kept = (!is_asked || (may_fail && !is_failure_asked)) && is_recorded();
	if ((!is_asked && !is_failure_asked && !is_kept) || is_ignored(task)) {
		count->filtered++;
		return false;
	}
	if (may_fail)
		remember_caller(ctx, task, family, is_asked, is_failure_asked || is_kept,
				is_failure_asked ? 0 : MARK_FOR_RECORDER);
	if (is_asked)
		return has_budget(task, kind, 0, count);
	if (!is_kept && !(is_failure_asked && is_recorded())) {
		count->filtered++;
		return false;
	}
	*marks = MARK_FOR_RECORDER;
	return !is_same_destination(task, kind, hash_of(ctx, family), count) && recorder_has_budget(task, kind, count);
}

/* Zeros where the socket is bound to none. */
static __always_inline void copy_own_address(void *to, struct bpf_sock *socket, int family)
{
	__u32 *words = to;
	if (family == 4) {
		words[0] = socket->src_ip4;
		return;
	}
	words[0] = socket->src_ip6[0];
	words[1] = socket->src_ip6[1];
	words[2] = socket->src_ip6[2];
	words[3] = socket->src_ip6[3];
}

static __always_inline int report(__u32 kind, struct bpf_sock_addr *ctx, int family)
{
	struct count_slot *count = count_of(kind);
	__u16 marks = 0;
	if (!count)
		return ALLOW;
	count->attempted++;
	if (!is_due(kind, ctx, family, &marks, count))
		return ALLOW;
	struct connect_record *record = RESERVE(bulk, struct connect_record, count);
	if (!record)
		return ALLOW;
	__builtin_memset(record->source, 0, sizeof(*record) - sizeof(record->head));
	fill_head(&record->head, kind, sizeof(*record), current_task());
	record->head.marks = marks;
	record->family = family;
	record->protocol = ctx->protocol;
	record->destination_port = bpf_ntohs(ctx->user_port);
	copy_address(record->destination, ctx, family);
	struct bpf_sock *socket = ctx->sk;
	if (socket) {
		record->source_port = socket->src_port;
		copy_own_address(record->source, socket, family);
	}
	SUBMIT(record, count);
	return ALLOW;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	return report(KIND_CONNECT, ctx, 4);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	return report(KIND_CONNECT, ctx, 6);
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	return report(KIND_SEND, ctx, 4);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	return report(KIND_SEND, ctx, 6);
}

/* Here the address is the sender's. A process' first from one sender to one port in 10 s is told: a server would be nothing but that. */
static __always_inline bool is_receive_due(struct bpf_sock_addr *ctx, struct bpf_sock *socket, int family,
					   struct asked_key *key, struct count_slot *count)
{
	struct task_struct *task = current_task();
	if (!kind_wanted(KIND_RECEIVE) || is_ignored(task) || is_hosts_alone(KIND_RECEIVE)) {
		count->filtered++;
		return false;
	}
	__u64 between = mixed(hash_of(ctx, family), socket->src_port);
	*key = destination_key(task, KIND_RECEIVE, between);
	return !was_told(key, count) && has_budget(task, KIND_RECEIVE, 0, count);
}

static __always_inline int receive(struct bpf_sock_addr *ctx, int family)
{
	struct count_slot *count = count_of(KIND_RECEIVE);
	struct bpf_sock *socket = ctx->sk;
	if (!count || !socket || socket->state == STATE_CONNECTED)
		return ALLOW;
	count->attempted++;
	struct asked_key key;
	if (!is_receive_due(ctx, socket, family, &key, count))
		return ALLOW;
	struct connect_record *record = RESERVE(bulk, struct connect_record, count);
	if (!record)
		return ALLOW;
	__builtin_memset(record->source, 0, sizeof(*record) - sizeof(record->head));
	fill_head(&record->head, KIND_RECEIVE, sizeof(*record), current_task());
	record->family = family;
	record->protocol = ctx->protocol;
	record->source_port = bpf_ntohs(ctx->user_port);
	record->destination_port = socket->src_port;
	copy_address(record->source, ctx, family);
	copy_own_address(record->destination, socket, family);
	SUBMIT(record, count);
	note_told(&key); /* not before: what the budget or the ring kept back was not */
	return ALLOW;
}

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *ctx)
{
	return receive(ctx, 4);
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *ctx)
{
	return receive(ctx, 6);
}
