// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Files that are watched by their names and get another: rename and link, at the exit of the calls that did it. Nothing is told
 * here (change.bpf.c does that, where somebody asks): which file it is, and how it was called, is kept for those who open it.
 *
 * A folder with many names takes its time, so that it has memory of its own: others would find theirs `busy` for as long.
 */
#undef SCRATCH_MAP /* that of 32-bit calls is others', too */
#undef WALK_MAP
#define SCRATCH_MAP moved_scratch
#define WALK_MAP moved_walk
#include "remember.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NONE (-1)
#define CHANGE_PLACES 2 /* RENAME_EXCHANGE */

/* Which argument is what: constants of each program. NONE of a base: the working directory. */
struct naming {
	int path, base;
	int other, other_base;
	int places; /* flags with CHANGE_PLACES; NONE of a call that cannot */
};

static __always_inline int base_of(const struct ended_call *ended, int index)
{
	return index == NONE ? CWD_FD : (int)argument(ended, index);
}

static __always_inline int named(struct ended_call *ended, struct naming way)
{
	struct count_slot *count = count_of(KIND_CHANGE);
	if (ended->result != 0 || !count || !watches_names() || !has_arguments(ended))
		return 0;
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	if (!scratch)
		return 0;
	if (scratch->busy) {
		count->attempted++;
		count->scratch_busy++;
		return 0;
	}
	scratch->busy = 1;
	barrier();
	remember_name(argument(ended, way.path), argument(ended, way.other), base_of(ended, way.base),
		      base_of(ended, way.other_base));
	if (way.places != NONE && (argument(ended, way.places) & CHANGE_PLACES))
		remember_name(argument(ended, way.other), argument(ended, way.path), base_of(ended, way.other_base),
			      base_of(ended, way.base));
	scratch_give(scratch);
	return 0;
}

#define EXIT_PROGRAM(name, ...) AT_EXIT(name, exit_##name##_moved, named, (struct naming){ __VA_ARGS__ })

/* path, its base, other path, its base, flags */
EXIT_PROGRAM(rename, 0, NONE, 1, NONE, NONE)
EXIT_PROGRAM(renameat, 1, 0, 3, 2, NONE)
EXIT_PROGRAM(renameat2, 1, 0, 3, 2, 4)
EXIT_PROGRAM(link, 0, NONE, 1, NONE, NONE)
EXIT_PROGRAM(linkat, 1, 0, 3, 2, NONE)
