// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Outbound connections and datagrams, by cgroup hooks at the root: they see io_uring and connected UDP as well.
 * These programs can be preempted, so they write straight into the ring and use no scratch memory.
 */
#include "recorded.h"
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ALLOW 1
#define DNS_PORT 53

/* A connection to a name server is always reported while somebody asks for questions: whose they are is known by it (remember_caller). */
static __always_inline bool is_port_asked(__u32 kind, __u32 protocol, __u32 port)
{
	struct filter_settings *filter = filters();
	if (!filter)
		return true;
	bool is_unwanted = is_unasked(kind);
	if (protocol == IPPROTO_TCP && port == DNS_PORT && (!is_unwanted || (filter->flags & ASKS_QUESTIONS)))
		return true;
	if (is_unwanted)
		return false;
	__u32 listed = kind == KIND_CONNECT ? PORTS_OF_CONNECT : PORTS_OF_SEND;
	if (!(filter->flags & listed))
		return true;
	__u32 *uses = bpf_map_lookup_elem(&ports, &port);
	return uses && (*uses & listed);
}

/*
 * Of a connection to a name server: its questions are told by the packets, and those do not say whose they are. Also where
 * the connection itself is not told any more.
 */
static __always_inline void remember_caller(struct bpf_sock_addr *ctx, struct task_struct *task)
{
	if (ctx->protocol != IPPROTO_TCP || bpf_ntohs(ctx->user_port) != DNS_PORT)
		return;
	struct record_head head;
	fill_head(&head, KIND_CONNECT, sizeof(head), task);
	__u64 cookie = bpf_get_socket_cookie(ctx);
	bpf_map_update_elem(&dns_callers, &cookie, &head.task, BPF_ANY);
}

static __always_inline __u64 mixed(__u64 hash, __u32 word)
{
	return (hash ^ word) * DESTINATION_FACTOR;
}

/* `destination` stands for the address; the port is put to it here. */
static __always_inline struct connect_record *begin(__u32 kind, struct bpf_sock_addr *ctx, __u64 destination,
						    struct count_slot **slot)
{
	struct count_slot *count = count_of(kind);
	if (!count)
		return NULL;
	*slot = count;
	count->attempted++;
	struct task_struct *task = current_task();
	bool is_asked = is_port_asked(kind, ctx->protocol, bpf_ntohs(ctx->user_port));
	if ((!is_asked && !is_recorded()) || is_ignored(task)) {
		count->filtered++;
		return NULL;
	}
	if (is_asked) {
		remember_caller(ctx, task);
		if (!has_budget(task, kind, 0, count))
			return NULL;
	} else if (is_same_destination(task, kind, mixed(destination, ctx->user_port), count) ||
		   !recorder_has_budget(task, kind, count)) {
		return NULL;
	}
	struct connect_record *record = RESERVE(bulk, struct connect_record, count);
	if (!record)
		return NULL;
	__builtin_memset(record->source, 0, sizeof(*record) - sizeof(record->head));
	fill_head(&record->head, kind, sizeof(*record), task);
	if (!is_asked)
		record->head.marks = MARK_FOR_RECORDER;
	record->protocol = ctx->protocol;
	record->destination_port = bpf_ntohs(ctx->user_port);
	struct bpf_sock *socket = ctx->sk;
	if (socket)
		record->source_port = socket->src_port;
	return record;
}

static __always_inline int report4(__u32 kind, struct bpf_sock_addr *ctx)
{
	struct count_slot *count = NULL;
	struct connect_record *record = begin(kind, ctx, mixed(0, ctx->user_ip4), &count);
	if (!record)
		return ALLOW;
	record->family = 4;
	*(__u32 *)record->destination = ctx->user_ip4;
	struct bpf_sock *socket = ctx->sk;
	if (socket)
		*(__u32 *)record->source = socket->src_ip4;
	SUBMIT(record, count);
	return ALLOW;
}

static __always_inline int report6(__u32 kind, struct bpf_sock_addr *ctx)
{
	struct count_slot *count = NULL;
	__u64 address = mixed(mixed(ctx->user_ip6[0], ctx->user_ip6[1]), ctx->user_ip6[2]);
	struct connect_record *record = begin(kind, ctx, mixed(address, ctx->user_ip6[3]), &count);
	if (!record)
		return ALLOW;
	record->family = 6;
	__u32 *destination = (void *)record->destination;
	destination[0] = ctx->user_ip6[0];
	destination[1] = ctx->user_ip6[1];
	destination[2] = ctx->user_ip6[2];
	destination[3] = ctx->user_ip6[3];
	struct bpf_sock *socket = ctx->sk;
	if (socket) {
		__u32 *source = (void *)record->source;
		source[0] = socket->src_ip6[0];
		source[1] = socket->src_ip6[1];
		source[2] = socket->src_ip6[2];
		source[3] = socket->src_ip6[3];
	}
	SUBMIT(record, count);
	return ALLOW;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	return report4(KIND_CONNECT, ctx);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	return report6(KIND_CONNECT, ctx);
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	return report4(KIND_SEND, ctx);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	return report6(KIND_SEND, ctx);
}
