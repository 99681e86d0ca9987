/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Another process' memory, opened for writing as the file /proc/PID/mem. Known by its file system and by what stands behind it,
 * not by a path: that may be mounted anywhere. Told as a rare call, only where somebody asks (filter_settings.rare_calls).
 */
#ifndef ATALAYA_MEMORY_H
#define ATALAYA_MEMORY_H

#include "budget.h"
#include "file.h"
#include "path.h"

#define PROC_FILES 0x9fa0 /* PROC_SUPER_MAGIC */
#define MEMORY_NAME 0x6d656dU /* "mem" as a number */

static __always_inline bool asks_memory(void)
{
	struct filter_settings *filter = filters();
	return filter && (filter->rare_calls >> CALL_PROC_MEM_OPEN) & 1;
}

/* Whose it is: the first thread of the process, or NULL where the file is none of these, or nobody's any more. */
static __always_inline struct task_struct *owner_of_memory(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	__u32 name = 0;
	if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_FILES || BPF_CORE_READ(dentry, d_name.len) != 3)
		return NULL;
	bpf_probe_read_kernel(&name, 3, BPF_CORE_READ(dentry, d_name.name));
	if (name != MEMORY_NAME)
		return NULL;
	struct proc_inode *entry = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	struct pid *pid = BPF_CORE_READ(entry, pid); /* of a thread, below /proc/PID/task */
	__u64 node = (__u64)BPF_CORE_READ(pid, tasks[0].first);
	if (!node)
		return NULL;
	struct task_struct *thread = (void *)(node - bpf_core_field_offset(struct task_struct, pid_links));
	return BPF_CORE_READ(thread, group_leader);
}

/* `address` is the file's, open for writing: told where it is another process' memory. `result` is what the call gave. */
__noinline int report_memory(__u64 address, long result)
{
	struct file *file = (void *)address;
	struct task_struct *task = current_task();
	struct task_struct *owner = owner_of_memory(file);
	__u32 pid = owner ? BPF_CORE_READ(owner, tgid) : 0;
	struct count_slot *count = count_of(KIND_CALL);
	if (!count || pid == 0 || pid == (__u32)OF(task, tgid) || is_ignored(task))
		return 0;
	count->attempted++;
	if (!has_budget(task, KIND_CALL, CALL_PROC_MEM_OPEN, count))
		return 0;
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	struct call_record *record = &scratch->call;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_CALL, 0, task);
	record->call = CALL_PROC_MEM_OPEN;
	record->result = result;
	record->arguments[0] = number_in_namespace_of(BPF_CORE_READ(task, thread_pid), BPF_CORE_READ(owner, thread_pid));
	record->arguments[1] = pid;
	__u32 length = append_path(scratch, sizeof(*record), (__u64)BPF_CORE_READ(file, f_path.dentry),
				   (__u64)BPF_CORE_READ(file, f_path.mnt), &record->flags);
	record->text_length = length;
	submit(&bulk, scratch, sizeof(*record) + length, count);
	scratch_give(scratch);
	return 0;
}

/* The same of any opened file: most are let go by how they were opened. */
static __always_inline void look_at_memory(struct file *file, long result)
{
	if (BPF_CORE_READ(file, f_mode) & FMODE_WRITE_BIT)
		report_memory((__u64)file, result);
}

#endif
