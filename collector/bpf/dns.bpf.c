// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Questions to name servers, where a packet leaves its socket: whatever call, library or io_uring sent it, and after it
 * has left the memory that another thread could change. A datagram leaves in its sender's context, before the machine
 * looks for its neighbour's address (behind that, a first packet is sent by whoever's interrupt finds the answer). TCP
 * sends whenever there is room: those questions are told by their socket.
 */
#include "budget.h"
#include "dns.h"
#include "task.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ALLOW 1
#define DNS_PORT 53
#define FRAGMENT_OFFSET 0x1fff
#define EXTENSIONS_MAX 4
#define UDP_HEADER_BYTES 8

struct route {
	__u32 at; /* of the transport's header in the packet */
	__be16 port;
	__u8 protocol;
	__u8 family;
};

/* False where the packet is of another transport, or the later part of a fragmented one. */
static __always_inline bool find_transport4(void *data, void *end, struct route *route)
{
	struct iphdr *ip = data;
	if ((void *)(ip + 1) > end)
		return false;
	route->protocol = ip->protocol;
	if (route->protocol != IPPROTO_UDP && route->protocol != IPPROTO_TCP)
		return false;
	if (ip->frag_off & bpf_htons(FRAGMENT_OFFSET))
		return false;
	route->at = ip->ihl * 4;
	route->family = 4;
	return true;
}

static __always_inline bool is_extension(__u8 header)
{
	return header == 0 /* hop by hop */ || header == 60 /* destination */ || header == 43 /* routing */;
}

static __always_inline bool find_transport6(struct __sk_buff *skb, void *data, void *end, struct route *route)
{
	struct ipv6hdr *ip = data;
	if ((void *)(ip + 1) > end)
		return false;
	route->protocol = ip->nexthdr;
	route->at = sizeof(*ip);
	route->family = 6;
	for (int i = 0; i < EXTENSIONS_MAX && is_extension(route->protocol); i++) {
		__u8 extension[2]; /* next header, length in 8 bytes beyond the first 8 */
		if (bpf_skb_load_bytes(skb, route->at, extension, sizeof(extension)))
			return false;
		route->protocol = extension[0];
		route->at += (extension[1] + 1) * 8;
	}
	return route->protocol == IPPROTO_UDP || route->protocol == IPPROTO_TCP;
}

/* Where the message begins; 0 where the packet carries none. Over TCP its length stands before it (RFC 1035, 4.2.2). */
static __always_inline __u32 message_at(struct __sk_buff *skb, const struct route *route)
{
	if (route->protocol == IPPROTO_UDP)
		return route->at + UDP_HEADER_BYTES;
	__u8 offset = 0;
	if (bpf_skb_load_bytes(skb, route->at + 12, &offset, sizeof(offset)))
		return 0;
	__u32 at = route->at + (offset >> 4) * 4;
	__be16 length = 0;
	if (at + QUESTION_BYTES_MIN > skb->len || bpf_skb_load_bytes(skb, at, &length, sizeof(length)))
		return 0;
	__u32 following = skb->len - at - sizeof(length);
	/* Sent apart from its length, or with it; a second question behind it is not looked for. */
	return bpf_ntohs(length) >= QUESTION_BYTES_MIN && bpf_ntohs(length) <= following ? at + sizeof(length) : at;
}

static __always_inline void fill_server(struct dns_record *record, struct __sk_buff *skb, const struct route *route)
{
	record->family = route->family;
	record->protocol = route->protocol;
	record->server_port = bpf_ntohs(route->port);
	if (route->family == 4)
		bpf_skb_load_bytes(skb, offsetof(struct iphdr, daddr), record->server, 4);
	else
		bpf_skb_load_bytes(skb, offsetof(struct ipv6hdr, daddr), record->server, 16);
}

static __always_inline void fill_message(struct dns_record *record, struct __sk_buff *skb, __u32 at)
{
	__u32 length = skb->len - at;
	if (length > DNS_MESSAGE_BYTES)
		length = DNS_MESSAGE_BYTES;
	/* As in dns.h: what is read is at least one byte. */
	__u32 last = length - 1;
	barrier_var(last);
	if (last < DNS_MESSAGE_BYTES && bpf_skb_load_bytes(skb, at, record->message, last + 1) == 0)
		record->message_length = last + 1;
	else
		record->message_length = 0;
}

static __noinline int report(struct __sk_buff *skb, struct question *question, struct route *route,
			     struct count_slot *count)
{
	struct task_struct *task = current_task();
	struct record_task *caller = NULL;
	struct cgroup_ids ids = cgroups_of(task);
	struct asked_key key = { .name_hash = question->name_hash, .type = question->type };
	if (route->protocol == IPPROTO_TCP) {
		__u64 cookie = bpf_get_socket_cookie(skb);
		caller = bpf_map_lookup_elem(&dns_callers, &cookie);
		if (!caller) {
			count->filtered++; /* connected before we watched: nobody knows by whom */
			return 0;
		}
		key.pid = caller->pid;
		key.start_us = caller->start_us;
		ids.v2 = caller->cgroup_id_v2;
		ids.v1 = caller->cgroup_id_v1;
	} else {
		key.pid = OF(task, tgid);
		key.start_us = OF(OF(task, group_leader), start_boottime) / 1000;
	}
	__u64 now = bpf_ktime_get_boot_ns();
	__u64 *before = bpf_map_lookup_elem(&asked, &key);
	if (before && now - *before < ASKED_AGAIN_NS) {
		count->repeated++;
		return 0;
	}
	if (!within_budget(&ids, KIND_DNS_QUERY, now)) {
		count->throttled++;
		return 0;
	}
	struct dns_record *record = RESERVE(bulk, struct dns_record, count);
	if (!record)
		return 0;
	__builtin_memset(record->server, 0, sizeof(*record) - sizeof(record->head));
	fill_head(&record->head, KIND_DNS_QUERY, sizeof(*record), task);
	if (caller)
		record->head.task = *caller;
	fill_server(record, skb, route);
	fill_message(record, skb, question->at);
	SUBMIT(record, count);
	bpf_map_update_elem(&asked, &key, &now, BPF_ANY);
	return 0;
}

static __always_inline int look(struct __sk_buff *skb, struct route *route)
{
	struct question question = { .at = message_at(skb, route) };
	if (question.at == 0 || question.at + QUESTION_BYTES_MIN > skb->len)
		return ALLOW;
	struct count_slot *count = count_of(KIND_DNS_QUERY);
	if (!count)
		return ALLOW;
	count->attempted++;
	if (is_ignored(current_task()) || !is_asked_for(skb, &question))
		count->filtered++;
	else
		report(skb, &question, route, count);
	return ALLOW;
}

/*
 * The port is what the packet says now: a rule of netfilter in the sender's own namespace may have changed it (Docker's
 * name server, Istio's, a Service whose pods listen elsewhere). A connected socket still knows which one was meant.
 */
static __always_inline bool is_for_a_name_server(struct __sk_buff *skb, struct route *route)
{
	if (bpf_skb_load_bytes(skb, route->at + 2, &route->port, sizeof(route->port)))
		return false;
	if (route->port == bpf_htons(DNS_PORT))
		return true;
	struct bpf_sock *socket = skb->sk;
	return socket && socket->dst_port == bpf_htons(DNS_PORT);
}

SEC("cgroup_skb/egress")
int dns_egress(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct route route = {};
	if (skb->protocol == bpf_htons(0x0800)) {
		if (!find_transport4(data, end, &route))
			return ALLOW;
	} else if (skb->protocol != bpf_htons(0x86dd) || !find_transport6(skb, data, end, &route)) {
		return ALLOW;
	}
	return is_for_a_name_server(skb, &route) ? look(skb, &route) : ALLOW;
}
