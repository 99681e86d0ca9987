// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The life of processes: exec, fork, exit, new namespaces. All of it in one ring, so that its order is kept. */
#include "block.h"
#include "env.h"
#include "exec.h"
#include "strays.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NEW_NAMESPACES 0x7e020080ULL /* CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET} */
#define SIGNAL_GROUP_EXIT_BIT 0x4
#define SIGKILL 9

/*
 * The arguments come from the new program's own stack: this runs before its first instruction, nothing can have
 * changed them. Gives the new end.
 */
static __always_inline __u32 append_args(struct scratch *scratch, __u32 at, struct mm_struct *mm)
{
	struct exec_record *record = &scratch->exec;
	struct args_range range = args_range_of(mm);
	record->args_total = range.total;
	__u32 head = range.head & (ARGS_HEAD_BYTES - 1);
	if (at > SCRATCH_BYTES - ARGS_HEAD_BYTES - ARGS_TAIL_BYTES)
		return at;
	if (bpf_probe_read_user(&scratch->bytes[at], head, (void *)range.from)) {
		record->flags |= FLAG_READ_FAULT;
		return at;
	}
	record->args_head_length = head;
	at += head;
	__u32 tail = range.tail & (ARGS_TAIL_BYTES - 1);
	if (tail == 0 || at > SCRATCH_BYTES - ARGS_TAIL_BYTES)
		return at;
	if (bpf_probe_read_user(&scratch->bytes[at], tail, (void *)(range.from + range.total - tail))) {
		record->flags |= FLAG_READ_FAULT;
		return at;
	}
	record->args_tail_length = tail;
	return at + tail;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct count_slot *count = count_of(KIND_EXEC);
	if (!count)
		return 0;
	count->attempted++;
	if (is_ignored(task)) {
		count->filtered++;
		return 0;
	}
	struct mm_struct *mm = task->mm;
	struct file *exe = mm->exe_file;
	/* Whether or not it can be told. The signal is there before the process returns to its first instruction. */
	__u32 verdict = judge_exec(task, exe);
	if (verdict == FLAG_BLOCKED && bpf_send_signal(SIGKILL))
		verdict = FLAG_WOULD_BLOCK;
	struct scratch *scratch = is_read(count) ? scratch_take(count) : NULL;
	if (!scratch)
		return 0;
	struct exec_record *record = &scratch->exec;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_EXEC, 0, task);
	record->argc = bprm->argc;
	record->flags |= verdict;
	fill_exe(record, exe, task->fs);
	fill_streams(record, task);
	fill_standing(record, task);
	__u32 at = append_names(scratch, sizeof(*record), bprm);
	at = append_exe_and_cwd(scratch, at, exe, task->fs);
	at = append_args(scratch, at, mm);
	if (kind_wanted(KIND_EXEC_ENV))
		at = append_env(scratch, at, mm);
	if (record->flags & FLAG_READ_FAULT)
		count->read_fault++;
	output(&lifecycle, scratch, at, count);
	scratch_give(scratch);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->pid != child->tgid)
		return 0; /* a thread */
	born(parent, child);
	struct count_slot *count = count_of(KIND_FORK);
	if (!count)
		return 0;
	count->attempted++;
	struct fork_record *record = RESERVE(lifecycle, struct fork_record, count);
	if (!record)
		return 0;
	fill_head(&record->head, KIND_FORK, sizeof(*record), child);
	record->maker_start_us = parent->group_leader->start_boottime / 1000;
	record->maker_pid = parent->tgid;
	record->gap = 0;
	SUBMIT(record, count);
	return 0;
}

static __always_inline int report_exit(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	forget_stray(task);
	struct count_slot *count = count_of(KIND_EXIT);
	if (!count)
		return 0;
	count->attempted++;
	if (is_ignored(task)) {
		count->filtered++;
		return 0;
	}
	struct exit_record *record = RESERVE(lifecycle, struct exit_record, count);
	if (!record)
		return 0;
	fill_head(&record->head, KIND_EXIT, sizeof(*record), task);
	__u32 code = signal->flags & SIGNAL_GROUP_EXIT_BIT ? signal->group_exit_code : task->exit_code;
	record->code = (code >> 8) & 0xff;
	record->signal = code & 0x7f;
	SUBMIT(record, count);
	return 0;
}

/* Newer kernels say which thread was the last. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task, bool group_dead)
{
	return group_dead ? report_exit(task) : 0;
}

/* Older ones do not: of two threads that end at the same moment both may look like the last. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit_by_count, struct task_struct *task)
{
	return task->signal->live.counter == 0 ? report_exit(task) : 0;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(new_task, struct task_struct *task, u64 clone_flags)
{
	if (!(clone_flags & NEW_NAMESPACES))
		return 0;
	struct count_slot *count = count_of(KIND_NAMESPACE);
	if (!count)
		return 0;
	count->attempted++;
	if (is_unasked(KIND_NAMESPACE)) {
		count->filtered++;
		return 0;
	}
	struct namespace_record *record = RESERVE(lifecycle, struct namespace_record, count);
	if (!record)
		return 0;
	fill_head(&record->head, KIND_NAMESPACE, sizeof(*record), task);
	record->clone_flags = clone_flags;
	SUBMIT(record, count);
	return 0;
}
