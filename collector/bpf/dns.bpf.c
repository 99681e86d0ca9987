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

/* For the answer: it comes in nobody's context (dns-answer.bpf.c). */
static __noinline int remember_asker(struct __sk_buff *skb, struct question *question, struct route *route)
{
	struct dns_question_key key = { .cookie = bpf_get_socket_cookie(skb) };
	if (bpf_skb_load_bytes(skb, question->at, &key.number, sizeof(key.number)))
		return 0;
	if (route->protocol == IPPROTO_TCP) {
		struct record_task *caller = bpf_map_lookup_elem(&dns_callers, &key.cookie);
		if (!caller)
			return 0;
		struct record_task asker = *caller; /* before Linux 6.2 no map takes a value from another's memory */
		bpf_map_update_elem(&dns_askers, &key, &asker, BPF_ANY);
		return 0;
	}
	struct record_head head;
	fill_head(&head, KIND_DNS_QUERY, sizeof(head), current_task());
	bpf_map_update_elem(&dns_askers, &key, &head.task, BPF_ANY);
	return 0;
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
	if (!groups_have_budget(&ids, KIND_DNS_QUERY, 0, count))
		return 0;
	struct dns_record *record = RESERVE(bulk, struct dns_record, count);
	if (!record)
		return 0;
	__builtin_memset(record->server, 0, sizeof(*record) - sizeof(record->head));
	fill_head(&record->head, KIND_DNS_QUERY, sizeof(*record), task);
	if (caller)
		record->head.task = *caller;
	record->family = route->family;
	record->protocol = route->protocol;
	record->server_port = bpf_ntohs(route->port);
	load_server(skb, route, record->server, offsetof(struct iphdr, daddr), offsetof(struct ipv6hdr, daddr));
	record->message_length = load_message(skb, question->at, record->message, DNS_MESSAGE_BYTES);
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
	else {
		if (kind_wanted(KIND_DNS_ANSWER))
			remember_asker(skb, &question, route);
		report(skb, &question, route, count);
	}
	return ALLOW;
}

SEC("cgroup_skb/egress")
int dns_egress(struct __sk_buff *skb)
{
	struct route route = {};
	if (is_surely_no_message(skb, TO_PORT) || !find_transport(skb, &route))
		return ALLOW;
	return is_of_a_name_server(skb, &route, TO_PORT) ? look(skb, &route) : ALLOW;
}
