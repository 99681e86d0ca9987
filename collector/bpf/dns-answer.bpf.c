// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Answers of name servers, where a packet reaches its socket: nobody's context, so whose they are is known by the
 * question (dns.bpf.c), found by the socket and the number that both carry. An answer to no question of ours is not
 * told: neither is one that came twice, or that nobody asked for.
 */
#include "budget.h"
#include "dns-packet.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __noinline int tell(struct __sk_buff *skb, struct route *route, __u32 at, struct count_slot *count)
{
	struct dns_question_key key = { .cookie = bpf_get_socket_cookie(skb) };
	__be16 header[2];
	if (bpf_skb_load_bytes(skb, at, header, sizeof(header)))
		return 0;
	key.number = header[0];
	struct record_task *asker = bpf_map_lookup_elem(&dns_askers, &key);
	if (!asker || !(bpf_ntohs(header[1]) & FLAG_RESPONSE)) {
		count->filtered++;
		return 0;
	}
	struct cgroup_ids ids = { .v2 = asker->cgroup_id_v2, .v1 = asker->cgroup_id_v1 };
	if (!groups_have_budget(&ids, KIND_DNS_ANSWER, 0, count))
		return 0;
	struct dns_answer_record *record = RESERVE(bulk, struct dns_answer_record, count);
	if (!record)
		return 0;
	__builtin_memset(record, 0, sizeof(*record));
	record->head.size = sizeof(*record);
	record->head.kind = KIND_DNS_ANSWER;
	record->head.boot_us = bpf_ktime_get_boot_ns() / 1000;
	record->head.task = *asker;
	record->family = route->family;
	record->protocol = route->protocol;
	record->server_port = bpf_ntohs(route->port);
	load_server(skb, route, record->server, offsetof(struct iphdr, saddr), offsetof(struct ipv6hdr, saddr));
	record->message_length = load_message(skb, at, record->message, DNS_ANSWER_BYTES);
	SUBMIT(record, count);
	bpf_map_delete_elem(&dns_askers, &key);
	return 0;
}

SEC("cgroup_skb/ingress")
int dns_ingress(struct __sk_buff *skb)
{
	struct route route = {};
	if (is_surely_no_message(skb, FROM_PORT) || !kind_wanted(KIND_DNS_ANSWER) || !find_transport(skb, &route) || !is_of_a_name_server(skb, &route, FROM_PORT))
		return ALLOW;
	__u32 at = message_at(skb, &route);
	if (at == 0 || at + QUESTION_BYTES_MIN > skb->len)
		return ALLOW;
	struct count_slot *count = count_of(KIND_DNS_ANSWER);
	if (!count)
		return ALLOW;
	count->attempted++;
	tell(skb, &route, at, count);
	return ALLOW;
}
