// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refused executions of watched names: a miner that is not there, a module loader that may not run. */
#include "budget.h"
#include "names.h"
#include "strays.h"
#include "syscall.h"
#include "task.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* `path_at` is a constant: which argument is the path. */
static __always_inline int refused(struct ended_call *ended, int path_at)
{
	if (ended->result >= 0)
		return 0; /* process_exec has reported it */
	const void *path = has_arguments(ended) ? (const void *)argument(ended, path_at) : NULL;
	struct count_slot *count = count_of(KIND_EXEC_FAILED);
	if (!count)
		return 0;
	count->attempted++;
	struct task_struct *task = current_task();
	if (!path || is_unasked(KIND_EXEC_FAILED) || is_ignored(task) || is_hosts_alone(KIND_EXEC_FAILED)) {
		count->filtered++;
		return 0;
	}
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	struct exec_failed_record *record = &scratch->exec_failed;
	__u32 length = 0;
	struct filter_settings *filter = filters();
	bool is_watched = user_path_watched(scratch, sizeof(*record), path, NAME_FOR_EXEC, &length);
	bool is_asked = is_watched || (filter && (filter->flags & ASKS_REFUSED_EXECS) && length != 0);
	if (!is_asked) {
		count->filtered++;
	} else if (has_budget(task, KIND_EXEC_FAILED, 0, count)) {
		__builtin_memset(record, 0, sizeof(*record));
		fill_head(&record->head, KIND_EXEC_FAILED, 0, task);
		record->error = ended->result;
		length &= PATH_BYTES - 1;
		record->filename_length = length;
		submit(&lifecycle, scratch, sizeof(*record) + length, count);
	}
	scratch_give(scratch);
	return 0;
}

AT_EXIT_COMPAT(execve, exit_execve, refused, 0)
AT_EXIT_COMPAT(execveat, exit_execveat, refused, 1)
