/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The variables of a new program's environment that make it load or run what somebody chose, or speak through him. They
 * lie behind the arguments; of most programs none is there, and nothing of their environment leaves the kernel.
 */
#ifndef ATALAYA_ENV_H
#define ATALAYA_ENV_H

#include "maps.h"

/* Where the environment is looked through: behind the longest record. The byte before it tells whether a name begins there. */
#define ENV_LIST (SCRATCH_BYTES - 4 * (ENV_KEPT_MAX + 1))
#define ENV_PARKED (ENV_LIST - ENV_SCAN_BYTES - 8)

struct env_list {
	__u32 count; /* that were found; only the first are kept */
	__u32 offsets[ENV_KEPT_MAX]; /* from the start of the environment */
};
_Static_assert(sizeof(struct env_list) == 4 * (ENV_KEPT_MAX + 1), "env_list");

#define EIGHT(a, b, c, d, e, f, g, h)                                                  \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

/* By the first eight bytes: whoever reads looks at the whole name. A function of its own, which the verifier follows once and not in every step. */
__noinline int is_telling_variable(__u64 start)
{
	switch (start) {
	case EIGHT('L', 'D', '_', 'P', 'R', 'E', 'L', 'O'): /* LD_PRELOAD */
	case EIGHT('L', 'D', '_', 'A', 'U', 'D', 'I', 'T'):
	case EIGHT('L', 'D', '_', 'L', 'I', 'B', 'R', 'A'): /* LD_LIBRARY_PATH */
	case EIGHT('G', 'L', 'I', 'B', 'C', '_', 'T', 'U'): /* GLIBC_TUNABLES */
	case EIGHT('G', 'C', 'O', 'N', 'V', '_', 'P', 'A'): /* GCONV_PATH */
	case EIGHT('P', 'Y', 'T', 'H', 'O', 'N', 'S', 'T'): /* PYTHONSTARTUP */
	case EIGHT('N', 'O', 'D', 'E', '_', 'O', 'P', 'T'): /* NODE_OPTIONS */
	case EIGHT('B', 'A', 'S', 'H', '_', 'E', 'N', 'V'):
	case EIGHT('P', 'E', 'R', 'L', '5', 'O', 'P', 'T'):
	case EIGHT('R', 'U', 'B', 'Y', 'O', 'P', 'T', '='):
	case EIGHT('H', 'T', 'T', 'P', '_', 'P', 'R', 'O'): /* HTTP_PROXY and its like */
	case EIGHT('h', 't', 't', 'p', '_', 'p', 'r', 'o'):
	case EIGHT('H', 'T', 'T', 'P', 'S', '_', 'P', 'R'):
	case EIGHT('h', 't', 't', 'p', 's', '_', 'p', 'r'):
		return 1;
	default:
		return 0;
	}
}

#define EACH_BYTE 0x0101010101010101ULL

/* How many bytes of a word there are up to its first zero, that one included; 8 where it has none. Without a branch: the verifier follows each. */
static __always_inline __u32 to_first_zero(__u64 word)
{
	__u64 zeros = (word - EACH_BYTE) & ~word & (EACH_BYTE << 7);
	__u64 below = (zeros & -zeros) - 1;
	return ((below & EACH_BYTE) * EACH_BYTE) >> 56;
}

/*
 * Looks through the parked `size` bytes, which lie `base` bytes behind the environment's start, and puts what it finds on the
 * list. Gives 1 where it could not see the end. Eight bytes a step, or to the end of a text.
 */
__noinline int scan_env(__u32 size, __u32 base)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	if (!scratch)
		return 1;
	struct env_list *list = (void *)&scratch->bytes[ENV_LIST];
	__u32 at = 0;
	for (int i = 0; i < ENV_STEPS_MAX; i++) {
		if (at >= size)
			return 0;
		/* Nothing but the place is kept from one step to the next: what is kept, the verifier follows in all its values. */
		__u32 place = at & (ENV_SCAN_BYTES - 1);
		barrier_var(place);
		place &= ENV_SCAN_BYTES - 1;
		__u64 word = *(__u64 *)&scratch->bytes[ENV_PARKED + place];
		__u32 next = at + to_first_zero(word);
		if (scratch->bytes[ENV_PARKED - 1 + place] == 0 && is_telling_variable(word)) {
			__u32 count = list->count;
			if (count < ENV_KEPT_MAX)
				list->offsets[count] = base + at;
			list->count = count + 1;
		}
		at = next;
	}
	return 1;
}

/* Parks `size` bytes and the one before them; false where they cannot be read. */
static __always_inline bool park_env(struct scratch *scratch, __u64 from, __u32 size)
{
	__u32 more = size + 1;
	barrier_var(more);
	if (more > ENV_SCAN_BYTES + 1)
		more = ENV_SCAN_BYTES + 1;
	barrier_var(more);
	if (more > ENV_SCAN_BYTES + 1)
		return false;
	if (bpf_probe_read_user(&scratch->bytes[ENV_PARKED - 1], more, (void *)(from - 1)))
		return false;
	/* What lay there before is no part of a name that ends here. */
	*(__u64 *)&scratch->bytes[ENV_PARKED - 1 + more] = 0;
	return true;
}

/* Looks through all of it, or the head and the tail. Gives whether something was not looked at; -1: could not be read. */
static __always_inline int find_env(struct scratch *scratch, __u64 from, __u64 total)
{
	__u32 head = total > ENV_SCAN_BYTES ? ENV_SCAN_BYTES : total;
	if (!park_env(scratch, from, head))
		return -1;
	int is_cut = scan_env(head, 0);
	if (total == head)
		return is_cut;
	/* A name may begin so shortly before the head's end that its first eight bytes are not all there. */
	__u64 rest = total - head + 7;
	__u32 tail = rest > ENV_SCAN_BYTES ? ENV_SCAN_BYTES : rest;
	if (!park_env(scratch, from + total - tail, tail))
		return -1;
	return scan_env(tail, total - tail) | is_cut | (rest > tail);
}

/* Appends the variables that are told, each with its zero. Gives the new end. */
static __always_inline __u32 append_env(struct scratch *scratch, __u32 at, struct mm_struct *mm)
{
	struct exec_record *record = &scratch->exec;
	struct env_list *list = (void *)&scratch->bytes[ENV_LIST];
	__u64 from = mm->env_start;
	__u64 total = mm->env_end - from;
	if (total == 0)
		return at;
	list->count = 0;
	int is_cut = find_env(scratch, from, total);
	if (is_cut < 0) {
		record->flags |= FLAG_READ_FAULT;
		return at;
	}
	__u32 start = at;
	for (__u32 i = 0; i < ENV_KEPT_MAX; i++) {
		if (i >= list->count || at > ENV_PARKED - ENV_VALUE_BYTES - 1)
			break;
		long got = bpf_probe_read_user_str(&scratch->bytes[at], ENV_VALUE_BYTES, (void *)(from + list->offsets[i]));
		if (got < 1)
			continue;
		is_cut |= got == ENV_VALUE_BYTES;
		at += got & (2 * ENV_VALUE_BYTES - 1);
	}
	record->env_length = at - start;
	if (is_cut || list->count > ENV_KEPT_MAX)
		record->flags |= FLAG_ENV_CUT;
	return at;
}

#endif
