/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where in a packet the message to or from a name server begins. */
#ifndef ATALAYA_DNS_PACKET_H
#define ATALAYA_DNS_PACKET_H

#include "maps.h"
#include <bpf/bpf_endian.h>

#define HEADER_BYTES 12
#define QUESTION_BYTES_MIN (HEADER_BYTES + 1 + 4)
#define FLAG_RESPONSE 0x8000
#define ALLOW 1
#define DNS_PORT 53
#define FRAGMENT_OFFSET 0x1fff
#define EXTENSIONS_MAX 4
#define UDP_HEADER_BYTES 8
#define FROM_PORT 0 /* where both transports have it in their headers */
#define TO_PORT 2

struct route {
	__u32 at; /* of the transport's header in the packet */
	__be16 port; /* of the name server */
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

/* False where the packet is of neither transport. */
static __always_inline bool find_transport(struct __sk_buff *skb, struct route *route)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	if (skb->protocol == bpf_htons(0x0800))
		return find_transport4(data, end, route);
	return skb->protocol == bpf_htons(0x86dd) && find_transport6(skb, data, end, route);
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

/*
 * The port is what the packet says now: a rule of netfilter in the sender's own namespace may have changed it (Docker's
 * name server, Istio's, a Service whose pods listen elsewhere). A connected socket still knows which one was meant.
 */
static __always_inline bool is_of_a_name_server(struct __sk_buff *skb, struct route *route, __u32 port_at)
{
	if (bpf_skb_load_bytes(skb, route->at + port_at, &route->port, sizeof(route->port)))
		return false;
	if (route->port == bpf_htons(DNS_PORT))
		return true;
	struct bpf_sock *socket = skb->sk;
	return socket && socket->dst_port == bpf_htons(DNS_PORT);
}

#define PLAIN_IPV4 0x45 /* version 4, a header of five words */
#define LATER_FRAGMENT bpf_htons(FRAGMENT_OFFSET)

/*
 * A quick no to most packets: every one that a socket sends comes by here, those on loopback too. What is there to be read without a
 * helper's call says that it is not between a socket and a name server. It never says so where find_transport and
 * is_of_a_name_server find one: without a yes it is only "look closely".
 */
static __always_inline bool is_surely_no_message(struct __sk_buff *skb, __u32 port_at)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	__be16 *port;
	if (skb->protocol == bpf_htons(0x0800)) {
		struct iphdr *ip = data;
		if (data + sizeof(*ip) + 4 > end || *(__u8 *)data != PLAIN_IPV4 || (ip->frag_off & LATER_FRAGMENT))
			return false;
		port = data + sizeof(*ip) + port_at;
	} else {
		struct ipv6hdr *ip = data;
		if (data + sizeof(*ip) + 4 > end || (ip->nexthdr != IPPROTO_TCP && ip->nexthdr != IPPROTO_UDP))
			return false;
		port = data + sizeof(*ip) + port_at;
	}
	if (*port == bpf_htons(DNS_PORT))
		return false;
	struct bpf_sock *socket = skb->sk;
	return !socket || socket->dst_port != bpf_htons(DNS_PORT);
}

/* Fills `server` (16 bytes, of IPv4 the first four) with the address that lies `at4` or `at6` bytes into the packet. */
static __always_inline void load_server(struct __sk_buff *skb, const struct route *route, __u8 *server, __u32 at4, __u32 at6)
{
	if (route->family == 4)
		bpf_skb_load_bytes(skb, at4, server, 4);
	else
		bpf_skb_load_bytes(skb, at6, server, 16);
}

/* The first `room` bytes of the message at `at`; gives how many there are, 0 where none could be read. */
static __always_inline __u16 load_message(struct __sk_buff *skb, __u32 at, __u8 *message, __u32 room)
{
	__u32 length = skb->len - at;
	if (length > room)
		length = room;
	/* Linux 6.1's verifier learns nothing from "not 0", and wants to know that at least one byte is read: one less, and one more. */
	__u32 last = length - 1;
	barrier_var(last);
	return last < room && bpf_skb_load_bytes(skb, at, message, last + 1) == 0 ? last + 1 : 0;
}

#endif
