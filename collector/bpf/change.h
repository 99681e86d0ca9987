/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether a change of a name or a mode is asked for, by what the caller wrote. What cannot be told from that (a path with
 * steps back, or one that ends in a slash) is let through: whoever reads puts it right and looks again.
 */
#ifndef ATALAYA_CHANGE_H
#define ATALAYA_CHANGE_H

#include "names.h"

#define ODD_DEPTH 256 /* bytes of a path that are looked at for steps back */

static __always_inline bool change_key_watched(const void *name, __u32 size, __u32 length, __u32 wanted)
{
	struct name_key key = { .length = length };
	/* Volatile: the verifier is to see the bound on the number that is passed on. */
	barrier_var(size);
	if (size > NAME_BYTES)
		size = NAME_BYTES;
	barrier_var(size);
	size &= 63;
	bpf_probe_read_kernel(key.bytes, size, name);
	return key_watched(&key, wanted);
}

/* Whether the last name of the path of `size` bytes at `at` of the scratch memory is watched. */
__noinline int changed_name_watched(__u32 at, __u32 size)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	struct filter_settings *filter = filters();
	if (!filter || !scratch)
		return 0;
	__u32 name = last_name_length(at, size);
	__u32 start = (at + size - name) & 0x7fff;
	if (start > SCRATCH_BYTES - 256)
		return 1;
	/* Nothing, "." and "..": the name is another one. */
	if (name == 0 || (name <= 2 && scratch->bytes[start] == '.'))
		return 1;
	if (change_key_watched(&scratch->bytes[start], name, name, NAME_FOR_CHANGE))
		return 1;
	return filter->change_end_lengths != 0 && scratch_end_watched(at + size, name, NAME_FOR_CHANGE_END);
}

/* Whether a path of the scratch memory has empty names or steps back, so that its start says nothing. */
__noinline int path_is_odd(__u32 at, __u32 size)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	if (!scratch || size > ODD_DEPTH)
		return 1;
	/* Nothing is kept from one step to the next: what is kept, the verifier follows in all its values. */
	for (__u32 i = 2; i <= ODD_DEPTH; i++) {
		__u32 index = (at + i) & 0x7fff;
		if (i > size || index < 2 || index >= SCRATCH_BYTES)
			break;
		__u32 first = scratch->bytes[index - 2];
		__u32 second = scratch->bytes[index - 1];
		if (first != '/' || (second != '/' && second != '.'))
			continue;
		/* A name that begins with two dots counts as a step back. */
		if (second == '/' || i == size || scratch->bytes[index] == '/' || scratch->bytes[index] == '.')
			return 1;
	}
	return 0;
}

/* Whether the path at `at` of the scratch memory, behind which there is a zero, starts as a watched one does. */
static __always_inline bool changed_prefix_watched(struct scratch *scratch, __u32 at, __u32 size)
{
	if (path_is_odd(at, size))
		return true;
	struct prefix_key key = { .bits = PREFIX_BYTES * 8 };
	bpf_probe_read_kernel(key.bytes, PREFIX_BYTES, &scratch->bytes[at]);
	__u32 *value = bpf_map_lookup_elem(&prefixes, &key);
	return value && (*value & PREFIX_FOR_CHANGE);
}

#endif
