// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every process that runs now. These programs can be preempted and sleep, so they own their memory: one snapshot
 * is taken at a time.
 */
#define WALK_MAP iter_walk
#include "exec.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PF_KTHREAD_BIT 0x00200000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} iter_scratch SEC(".maps");

/* Everything but the arguments; NULL when the task is not a process of user space. */
static __always_inline struct scratch *begin(struct task_struct *task, __u32 *end)
{
	if (!task || task->tgid != task->pid || (task->flags & PF_KTHREAD_BIT) || !task->mm)
		return NULL;
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&iter_scratch, &zero);
	if (!scratch)
		return NULL;
	struct exec_record *record = &scratch->exec;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_SNAPSHOT, 0, task);
	struct file *exe = task->mm->exe_file;
	fill_exe(record, exe, task->fs);
	fill_streams(record, task);
	fill_standing(record, task);
	*end = append_exe_and_cwd(scratch, sizeof(*record), exe, task->fs);
	return scratch;
}

static __always_inline void write(struct bpf_iter__task *ctx, struct scratch *scratch, __u32 size)
{
	struct exec_record *record = &scratch->exec;
	if (size > SCRATCH_BYTES)
		size = SCRATCH_BYTES;
	record->head.size = size;
	bpf_seq_write(ctx->meta->seq, scratch->bytes, size);
}

SEC("iter.s/task")
int snapshot_with_args(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 at = 0;
	struct scratch *scratch = begin(task, &at);
	if (!scratch)
		return 0;
	struct exec_record *record = &scratch->exec;
	struct args_range range = args_range_of(task->mm);
	record->args_total = range.total;
	__u32 head = range.head & (ARGS_HEAD_BYTES - 1);
	if (at <= SCRATCH_BYTES - ARGS_HEAD_BYTES && head > 0) {
		if (bpf_copy_from_user_task(&scratch->bytes[at], head, (void *)range.from, task, 0)) {
			record->flags |= FLAG_READ_FAULT;
		} else {
			record->args_head_length = head;
			at += head;
		}
	}
	write(ctx, scratch, at);
	return 0;
}

/* Before 5.18, or where programs may not sleep: user space reads the arguments from /proc. */
SEC("iter/task")
int snapshot_without_args(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 at = 0;
	struct scratch *scratch = begin(task, &at);
	if (!scratch)
		return 0;
	struct exec_record *record = &scratch->exec;
	record->args_total = args_range_of(task->mm).total;
	record->flags |= FLAG_READ_FAULT;
	write(ctx, scratch, at);
	return 0;
}
