/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts that a fresh exec and a snapshot of a running process share. */
#ifndef ATALAYA_EXEC_H
#define ATALAYA_EXEC_H

#include "file.h"
#include "lower.h"
#include "path.h"
#include "socket.h"

static __always_inline void fill_exe(struct exec_record *record, struct file *exe, struct fs_struct *fs)
{
	struct inode *inode = BPF_CORE_READ(exe, f_inode);
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->device = device_of(inode);
	record->mode = BPF_CORE_READ(inode, i_mode);
	record->flags |= file_flags(exe);
	struct super_block *super = BPF_CORE_READ(inode, i_sb);
	if (BPF_CORE_READ(super, s_magic) == OVERLAYFS_SUPER_MAGIC)
		record->flags |= FLAG_OVERLAY;
	if (super != BPF_CORE_READ(fs, root.mnt, mnt_sb))
		record->flags |= FLAG_VOLUME;
}

/* Appends where a file of the upper layer comes from. Gives the new end. */
static __always_inline __u32 append_lower(struct scratch *scratch, __u32 at, struct file *exe)
{
	struct exec_record *record = &scratch->exec;
	struct lower_file lower = {};
	if (!(record->flags & FLAG_UPPER_LAYER) || !find_lower(exe, &lower))
		return at;
	record->lower_inode = lower.inode;
	record->lower_device = lower.device;
	record->upper_change_s = lower.upper_change_s;
	record->upper_change_ns = lower.upper_change_ns;
	__u32 flags = 0;
	__u32 length = append_path(scratch, at, lower.dentry, lower.mount, &flags);
	record->lower_length = length;
	return at + length;
}

static __always_inline void fill_standing(struct exec_record *record, struct task_struct *task)
{
	/* __u32[2] until 6.3, __u64 since: the same eight bytes. */
	const struct cred *cred = BPF_CORE_READ(task, cred);
	bpf_core_read(&record->cap_permitted, sizeof(record->cap_permitted), &cred->cap_permitted);
	record->ns_pgid = number_in_namespace_of(BPF_CORE_READ(task, thread_pid), BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]));
	record->flags |= FLAG_PERMITTED;
}

static __always_inline void fill_streams(struct exec_record *record, struct task_struct *task)
{
	record->stdin_kind = stream_kind(task, 0);
	record->stdout_kind = stream_kind(task, 1);
	record->stderr_kind = stream_kind(task, 2);
}

/* Appends the paths of executable and working directory, and where the executable was copied from; gives the new end. */
static __always_inline __u32 append_exe_and_cwd(struct scratch *scratch, __u32 at, struct file *exe,
						struct fs_struct *fs)
{
	struct exec_record *record = &scratch->exec;
	__u32 flags = 0;
	__u64 dentry = (__u64)BPF_CORE_READ(exe, f_path.dentry);
	__u32 length = append_path(scratch, at, dentry, (__u64)BPF_CORE_READ(exe, f_path.mnt), &flags);
	record->exe_length = length;
	record->flags |= flags;
	at += length;
	flags = 0;
	dentry = (__u64)BPF_CORE_READ(fs, pwd.dentry);
	length = append_path(scratch, at, dentry, (__u64)BPF_CORE_READ(fs, pwd.mnt), &flags);
	record->cwd_length = length;
	if (flags & FLAG_PATH_CUT)
		record->flags |= FLAG_CWD_CUT;
	return append_lower(scratch, at + length, exe);
}

/* Appends the name given to execve and its interpreter; gives the new end. */
static __always_inline __u32 append_names(struct scratch *scratch, __u32 at, struct linux_binprm *bprm)
{
	struct exec_record *record = &scratch->exec;
	long got = bpf_probe_read_kernel_str(&scratch->bytes[at], FILENAME_BYTES, bprm->filename);
	__u32 length = got > 0 ? (got - 1) & (FILENAME_BYTES - 1) : 0;
	record->filename_length = length;
	at += length;
	if (at > SCRATCH_BYTES - INTERPRETER_BYTES)
		return at;
	got = bpf_probe_read_kernel_str(&scratch->bytes[at], INTERPRETER_BYTES, bprm->interp);
	length = got > 0 ? (got - 1) & (INTERPRETER_BYTES - 1) : 0;
	record->interpreter_length = length;
	return at + length;
}

struct args_range {
	__u64 from;
	__u32 head;
	__u32 tail;
	__u32 total;
};

/* What to take of the arguments: all, or the head and the tail, so that nothing hides behind 100 KB of padding. */
static __always_inline struct args_range args_range_of(struct mm_struct *mm)
{
	struct args_range range = { .from = mm->arg_start };
	__u64 total = mm->arg_end - range.from;
	range.total = total > 0xffffffffULL ? 0xffffffffU : total;
	range.head = range.total;
	if (range.head > ARGS_HEAD_BYTES - 1)
		range.head = ARGS_HEAD_BYTES - 1;
	range.tail = range.total - range.head;
	if (range.tail > ARGS_TAIL_BYTES - 1)
		range.tail = ARGS_TAIL_BYTES - 1;
	return range;
}

#endif
