/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The texts that a change of a name was asked with: read of user memory, and put behind the folder that they start from. */
#ifndef ATALAYA_CHANGE_TEXT_H
#define ATALAYA_CHANGE_TEXT_H

#include "base.h"

/* Texts wait at the end of the scratch memory, behind the longest record. */
#define PARKED (SCRATCH_BYTES - PATH_BYTES)
#define OTHER_PARKED (SCRATCH_BYTES - 2 * PATH_BYTES)
#define PLACES_MASK 0x3fff

/* Reads a text of user memory to `at`, a constant. Gives its length; 0 where it could not be read. */
static __always_inline __u32 park(struct scratch *scratch, __u32 at, __u64 from)
{
	long got = bpf_probe_read_user_str(&scratch->bytes[at], PATH_BYTES, (void *)from);
	return got < 2 ? 0 : (got - 1) & (PATH_BYTES - 1);
}

/* Puts the parked text of `size` bytes to `at`, behind its folder where it is relative. Gives the whole length. */
static __always_inline __u32 place(struct scratch *scratch, __u32 at, __u32 parked, __u32 size, struct task_struct *task,
				   int base_fd, __u32 *flags)
{
	__u32 base = 0;
	at &= PLACES_MASK;
	if (scratch->bytes[parked] != '/') {
		base = append_base(scratch, at, task, base_fd) & (PATH_BYTES - 1);
		if (base == 0)
			*flags |= FLAG_PATH_CUT;
		if (base == 1) /* the root, which ends in the slash */
			base = 0;
		scratch->bytes[at + base] = '/';
		base++;
	}
	barrier_var(size); /* bounded again: Linux 5.10 forgets the bounds of what was kept on the stack */
	size &= PATH_BYTES - 1;
	bpf_probe_read_kernel(&scratch->bytes[at + base], size, &scratch->bytes[parked]);
	scratch->bytes[at + base + size] = 0;
	return base + size;
}

#endif
