/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is it a question, and does anybody ask for it? A message of RFC 1035:
 *
 *   u16 id | u16 flags | u16 questions | u16 answers | u16 authorities | u16 additional |
 *   name: (u8 length 1..63, so many bytes)... u8 0 | u16 type | u16 class | ...
 *
 * What is put together here lies on the stack: these programs can be preempted by others on the same processor.
 */
#ifndef ATALAYA_DNS_H
#define ATALAYA_DNS_H

#include "dns-packet.h"

#define LABEL_BYTES_MAX 63
#define POINTER_BITS 0xc0
#define HASH_START 0xcbf29ce484222325ULL /* FNV-1a */
#define HASH_STEP 0x100000001b3ULL

struct question {
	__u32 at; /* of the message in the packet */
	__u32 type;
	__u64 name_hash;
};

struct dns_name {
	__u8 bytes[NAME_WIRE_BYTES];
	__u64 hash;
	__u32 length; /* without the root */
	bool is_compressed;
};

/*
 * Letters small, and a dot for each length: ".www.example.com". False where it is no name. No client compresses a
 * question; one that does hides from a reader of the first bytes: it is always reported, and taken apart by the reader.
 */
static __always_inline bool normalise(struct dns_name *name, __u32 size)
{
	__u32 left = 0;
	name->hash = HASH_START;
	for (__u32 i = 0; i < NAME_WIRE_BYTES; i++) {
		if (i >= size)
			return false;
		__u8 byte = name->bytes[i];
		if (left == 0) {
			name->length = i;
			if (byte == 0)
				return true;
			name->is_compressed = (byte & POINTER_BITS) == POINTER_BITS;
			if (byte > LABEL_BYTES_MAX)
				return name->is_compressed;
			left = byte;
			byte = '.';
		} else {
			left--;
			if (byte >= 'A' && byte <= 'Z')
				byte += 'a' - 'A';
		}
		name->bytes[i] = byte;
		name->hash = (name->hash ^ byte) * HASH_STEP;
	}
	return false;
}

/* The same number, but one that the verifier does not know: else it walks what follows once for each length there is. */
static __always_inline __u32 forgotten(__u32 number, __u32 noise)
{
	barrier_var(noise);
	number += noise;
	barrier_var(number);
	return number - noise;
}

static __always_inline bool domain_watched(const struct dns_name *name)
{
	struct domain_key key = {};
	__u32 length = forgotten(name->length, name->hash) & (NAME_WIRE_BYTES - 1);
	for (__u32 i = 0; i < DOMAIN_BYTES; i++) {
		if (i >= length)
			break;
		key.bytes[i] = name->bytes[(length - 1 - i) & (NAME_WIRE_BYTES - 1)];
		key.bits += 8;
	}
	return bpf_map_lookup_elem(&domains, &key) != NULL;
}

/* True when the packet holds a question at `question->at` that somebody asks for; fills the rest of `question`. */
static __noinline bool is_asked_for(struct __sk_buff *skb, struct question *question)
{
	__be16 header[HEADER_BYTES / 2];
	struct dns_name name = {};
	__u32 at = question->at;
	if (bpf_skb_load_bytes(skb, at, header, sizeof(header)))
		return false;
	if ((bpf_ntohs(header[1]) & FLAG_RESPONSE) || header[2] == 0)
		return false;
	at += HEADER_BYTES;
	__u32 size = skb->len - at;
	if (skb->len <= at)
		return false;
	if (size > NAME_WIRE_BYTES)
		size = NAME_WIRE_BYTES;
	/* Linux 6.1's verifier learns nothing from "not 0", and wants to know that at least one byte is read: one less, and one more. */
	__u32 last = size - 1;
	barrier_var(last);
	if (last >= NAME_WIRE_BYTES || bpf_skb_load_bytes(skb, at, name.bytes, last + 1))
		return false;
	if (!normalise(&name, size))
		return false;
	question->name_hash = name.hash;
	if (name.is_compressed)
		return true;
	__be16 type = 0;
	if (bpf_skb_load_bytes(skb, at + name.length + 1, &type, sizeof(type)))
		return false;
	question->type = bpf_ntohs(type);
	return domain_watched(&name);
}

#endif
