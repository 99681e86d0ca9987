/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Opened files, at the exit of the system calls: what was opened is read from the descriptor, never from the path
 * that the caller gave. Only watched names and writes under watched prefixes leave the kernel.
 *
 * Built twice: with WITH_QUICK_NO, which needs Linux 6.2, and without.
 */
#ifndef ATALAYA_OPEN_H
#define ATALAYA_OPEN_H

#include "base.h"
#include "budget.h"
#include "file.h"
#include "memory.h"
#include "moved.h"
#include "names.h"
#include "recorded.h"
#include "strays.h"
#include "syscall.h"

#ifdef WITH_QUICK_NO
#include "quick.h"
#else
static __always_inline bool surely_unwanted(struct task_struct *task, long fd)
{
	(void)task, (void)fd;
	return false;
}

static __always_inline bool surely_only_read(struct task_struct *task, long fd)
{
	(void)task, (void)fd;
	return false;
}
#endif

#define O_CREAT_BIT 0100
#define O_EXCL_BIT 0200
#define O_TRUNC_BIT 01000
#define TMPFILE_BIT 020000000 /* of O_TMPFILE, which makes a file without a name */
#define O_CLOEXEC_BIT 02000000 /* belongs to the descriptor: what tells the dynamic loader's opens from a tool's */
#define DROPPED_BY_OPEN (O_CREAT_BIT | O_EXCL_BIT | O_TRUNC_BIT | O_CLOEXEC_BIT) /* not kept in file->f_flags */
#define CREAT_FLAGS (O_CREAT_BIT | O_TRUNC_BIT | 1)

enum open_way { BY_OPEN, BY_CREAT, BY_OPENAT, BY_OPENAT2, BY_HANDLE };

struct open_call {
	int base_fd; /* that a relative path starts from */
	const char *path; /* in user memory; NULL when the call has none */
	__u32 flags;
};

/* The arguments of the call; read only when something is to be reported or was refused. `way` is a constant. */
static __always_inline struct open_call call_of(struct ended_call *ended, enum open_way way)
{
	struct open_call call = { .base_fd = CWD_FD };
	if (!has_arguments(ended))
		return call;
	if (way == BY_OPEN) {
		call.path = (const char *)argument(ended, 0);
		call.flags = argument(ended, 1);
	} else if (way == BY_CREAT) {
		call.path = (const char *)argument(ended, 0);
		call.flags = CREAT_FLAGS;
	} else if (way == BY_OPENAT) {
		call.base_fd = argument(ended, 0);
		call.path = (const char *)argument(ended, 1);
		call.flags = argument(ended, 2);
	} else if (way == BY_OPENAT2) {
		__u64 flags = 0; /* struct open_how begins with them */
		call.base_fd = argument(ended, 0);
		call.path = (const char *)argument(ended, 1);
		bpf_probe_read_user(&flags, sizeof(flags), (void *)argument(ended, 2));
		call.flags = flags;
	} else {
		call.flags = argument(ended, 2);
	}
	return call;
}

/*
 * Whether the walked path begins so. In a frame of its own: with the key in its caller's, the calls that compare names passed
 * the 512 bytes of stack that older kernels (5.10, 6.1) give to all of them together: nothing of open-slow.bpf.c was loaded.
 */
__noinline int under_prefix(__u32 from, __u32 uses)
{
	struct path_walk *walk = walk_state();
	if (!walk)
		return 0;
	struct prefix_key key = { .bits = PREFIX_BYTES * 8 };
	bpf_probe_read_kernel(key.bytes, PREFIX_BYTES, &walk->bytes[from & PATH_MASK]);
	__u32 *value = bpf_map_lookup_elem(&prefixes, &key);
	return value && (*value & uses) ? 1 : 0;
}

#define BY_NAME 1 /* why it is told: beside TOO_DEEP (names.h) */
#define FOR_RECORDER 3
#define BY_START 4

static __always_inline bool is_write(struct file *file)
{
	return BPF_CORE_READ(file, f_mode) & FMODE_WRITE_BIT;
}

static __always_inline bool is_recorded_file(struct file *file)
{
	return is_anybody_recorded() && is_write(file) && in_recorded_group();
}

/* Why it is told; 0 when nobody asks for it. */
static __always_inline int wanted(struct filter_settings *filter, struct file *file)
{
	if (filter->flags & ASKS_ALL_OPENS)
		return BY_START;
	__u64 dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	__u64 mount = (__u64)BPF_CORE_READ(file, f_path.mnt);
	int watched = any_component_watched(dentry, mount);
	if (watched)
		return watched;
	__u32 uses = filter->open_prefixes != 0 ? PREFIX_FOR_OPEN : 0;
	if (filter->write_prefixes != 0 && is_write(file))
		uses |= PREFIX_FOR_WRITE;
	if (uses == 0)
		return 0;
	struct path_walk *walk = walk_state();
	if (!walk)
		return 0;
	__u32 from = walk_path(dentry, mount);
	/* A path deeper than the walk is reported: depth is no place to hide. */
	return (walk->flags & FLAG_PATH_CUT) ? TOO_DEEP : under_prefix(from, uses) ? BY_START : 0;
}

/* The file's own place, where it is mounted over another one, by whose name it is opened. */
static __always_inline bool is_mounted_over(struct file *file)
{
	return BPF_CORE_READ(file, f_path.dentry) == BPF_CORE_READ(file, f_path.mnt, mnt_root);
}

/* The dentry of a watched name of the file by which it was not opened, MORE_NAMES (names.h), or 0. */
static __always_inline __u64 other_name(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	if ((BPF_CORE_READ(inode, i_mode) & FORMAT_MASK) != FORMAT_REGULAR)
		return 0;
	if (is_mounted_over(file))
		return watched_other_name((__u64)inode, 0);
	if (BPF_CORE_READ(inode, i_nlink) < 2)
		return 0;
	return watched_other_name((__u64)inode, (__u64)BPF_CORE_READ(file, f_path.dentry));
}

static __always_inline void fill_file(struct open_record *record, struct file *file, const struct open_call *call)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->device = device_of(inode);
	record->file_mode = BPF_CORE_READ(inode, i_mode);
	record->open_flags = BPF_CORE_READ(file, f_flags) | (call->flags & DROPPED_BY_OPEN);
	record->flags = file_flags(file) | FLAG_PATH_TRUSTED;
	if ((BPF_CORE_READ(file, f_mode) & FMODE_CREATED_BIT) || (record->open_flags & TMPFILE_BIT))
		record->flags |= FLAG_CREATED;
}

static __always_inline void report_opened(struct scratch *scratch, struct task_struct *task, struct file *file,
					  const struct open_call *call, int why, __u32 flags,
					  struct count_slot *count)
{
	/* What is told for its depth or its many names alone (a package manager's work) is not to use up what names have. */
	bool is_within = why == FOR_RECORDER ? recorder_has_budget(task, KIND_OPEN, count) :
					       has_budget(task, KIND_OPEN, why == TOO_DEEP, count);
	if (!is_within)
		return;
	struct open_record *record = &scratch->open;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_OPEN, 0, task);
	if (why == FOR_RECORDER)
		record->head.marks = MARK_FOR_RECORDER;
	fill_file(record, file, call);
	__u64 dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	__u32 length = append_path(scratch, sizeof(*record), dentry, (__u64)BPF_CORE_READ(file, f_path.mnt), &flags);
	record->path_length = length;
	record->flags |= flags;
	submit(&bulk, scratch, sizeof(*record) + length, count);
}

/*
 * The same of a file that has a watched name beside the one that it was opened by, or had it (`other` is 0 then): told with both.
 */
static __always_inline void report_other_name(struct scratch *scratch, struct task_struct *task, struct file *file,
					      const struct open_call *call, __u64 other, __u32 flags,
					      struct count_slot *count)
{
	if (!has_budget(task, KIND_OPEN, 0, count))
		return;
	struct open_record *record = &scratch->open;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_OPEN, 0, task);
	fill_file(record, file, call);
	__u32 at = sizeof(*record);
	__u64 mount = (__u64)BPF_CORE_READ(file, f_path.mnt);
	__u32 base = append_path(scratch, at, (__u64)BPF_CORE_READ(file, f_path.dentry), mount, &flags);
	at += base;
	__u32 length = 0;
	if (other) {
		/* Below its own file system, where another file's name hides it. */
		length = append_path(scratch, at, other, is_mounted_over(file) ? 0 : mount, &flags);
	} else {
		length = append_moved(at, (__u64)BPF_CORE_READ(file, f_inode));
		flags |= length & MOVED_CUT ? FLAG_PATH_CUT : 0;
		if (!(length & MOVED_TRUSTED))
			record->flags &= ~FLAG_PATH_TRUSTED;
		length &= 0xff;
	}
	/* Forgotten meanwhile: told by the one name that is left. */
	record->base_length = length ? base : 0;
	record->path_length = length ? length : base;
	record->flags |= flags | (length ? FLAG_OTHER_NAME : 0);
	submit(&bulk, scratch, at + length, count);
}

/* By which names it is told: why by the one that it was opened by, and another that is watched, or was. Zeros for none. */
struct telling {
	int why;
	__u64 other;
	bool moved; /* by a name that it had: moved.h */
};

static __always_inline struct telling telling_of(struct file *file, bool is_asked)
{
	struct filter_settings *filter = filters();
	struct telling telling = { .why = filter && is_asked ? wanted(filter, file) : 0 };
	if (is_asked)
		telling.other = other_name(file);
	if (is_asked && (telling.other == 0 || telling.other == MORE_NAMES))
		telling.moved = was_moved((__u64)BPF_CORE_READ(file, f_inode));
	if (telling.moved)
		telling.other = 0;
	if (telling.other == MORE_NAMES) {
		telling.other = 0;
		telling.why = telling.why ? telling.why : TOO_DEEP; /* many names are no place to hide either */
	}
	if (!telling.why && is_recorded_file(file))
		telling.why = FOR_RECORDER;
	return telling;
}

static __always_inline void report_file(struct scratch *scratch, struct task_struct *task, struct file *file,
					const struct open_call *call, const struct telling *telling, __u32 flags,
					struct count_slot *count)
{
	if (telling->why)
		report_opened(scratch, task, file, call, telling->why, flags, count);
	if (telling->why && (telling->other || telling->moved))
		count->attempted++; /* two records */
	if (telling->other || telling->moved)
		report_other_name(scratch, task, file, call, telling->other, flags, count);
}

/* Reports the path of `length` bytes that is parked at the end of the scratch memory, behind the longest base. */
static __always_inline void report_parked(struct scratch *scratch, struct task_struct *task, __u32 kind, long result,
					  const struct open_call *call, __u32 length, __u32 flags,
					  struct count_slot *count)
{
	const __u32 parked = SCRATCH_BYTES - PATH_BYTES;
	if (!has_budget(task, kind, 0, count))
		return;
	struct open_record *record = &scratch->open;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, kind, 0, task);
	record->error = result < 0 ? result : 0;
	record->open_flags = call->flags;
	record->flags = flags;
	__u32 at = sizeof(*record);
	if (scratch->bytes[parked] != '/') {
		__u32 base = append_base(scratch, at, task, call->base_fd);
		record->base_length = base;
		at += base;
	}
	length &= PATH_BYTES - 1;
	if (at > SCRATCH_BYTES - PATH_BYTES)
		return;
	bpf_probe_read_kernel(&scratch->bytes[at], length, &scratch->bytes[parked]);
	record->path_length = length;
	submit(&bulk, scratch, at + length, count);
}

/* The path is read once, tested where it is parked, and moved up when it is reported. */
static __always_inline void report_named(struct scratch *scratch, struct task_struct *task, __u32 kind, long result,
					 const struct open_call *call, struct count_slot *count)
{
	const __u32 parked = SCRATCH_BYTES - PATH_BYTES;
	__u32 length = 0;
	struct filter_settings *filter = filters();
	bool is_watched = call->path && user_path_watched(scratch, parked, call->path, NAME_FOR_OPEN, &length);
	/* Of what was closed already nobody knows the real path. */
	bool is_asked = filter && (kind == KIND_OPEN || (filter->flags & ASKS_REFUSED_OPENS));
	if (!is_watched && (!is_asked || length == 0)) {
		count->filtered++;
		return;
	}
	report_parked(scratch, task, kind, result, call, length, 0, count);
}

/* Whether the flight recorder keeps it, be it asked for or not. */
static __always_inline bool is_recorded_open(struct task_struct *task, long fd)
{
	if (fd < 0 || !is_anybody_recorded())
		return false;
	struct file *file = file_of(task, fd);
	return file && is_recorded_file(file);
}

/* `is_asked` is false where no rule can ask for it. */
static __always_inline void opened(struct scratch *scratch, struct task_struct *task, struct ended_call *ended,
				   enum open_way way, bool is_asked, struct count_slot *count)
{
	struct file *file = file_of(task, ended->result);
	if (!file && !is_asked) {
		count->filtered++;
		return;
	}
	if (!file) {
		/* Another thread closed it already: all that is left is what the caller had written. */
		struct open_call call = call_of(ended, way);
		count->read_fault++;
		report_named(scratch, task, KIND_OPEN, ended->result, &call, count);
		return;
	}
	struct telling telling = telling_of(file, is_asked);
	if (telling.why || telling.other || telling.moved) {
		struct open_call call = call_of(ended, way);
		report_file(scratch, task, file, &call, &telling, 0, count);
	} else {
		count->filtered++;
	}
}

static __always_inline int at_exit(struct ended_call *ended, enum open_way way)
{
	long result = ended->result;
	__u32 kind = result < 0 ? KIND_OPEN_FAILED : KIND_OPEN;
	struct count_slot *count = count_of(kind);
	if (!count)
		return 0;
	count->attempted++;
	struct task_struct *task = current_task();
	if (result >= 0 && asks_memory() && !surely_only_read(task, result)) {
		struct file *file = file_of(task, result);
		if (file)
			look_at_memory(file, result);
	}
	bool is_asked = !is_unasked(kind) && !(result >= 0 && surely_unwanted(task, result)) && !is_hosts_alone(kind);
	if ((!is_asked && !is_recorded_open(task, result)) || is_ignored(task)) {
		count->filtered++;
		return 0;
	}
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	if (result < 0) {
		struct open_call call = call_of(ended, way);
		report_named(scratch, task, kind, result, &call, count);
	} else {
		opened(scratch, task, ended, way, is_asked, count);
	}
	scratch_give(scratch);
	return 0;
}

#endif
