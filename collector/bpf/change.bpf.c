// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names and modes that change: rename, link, symlink, unlink, mkdir, rmdir, chmod, and the flags of chattr. At the exit of
 * the calls, refused ones too, with the arguments of the registers saved at entry; a path is read of user memory then, and
 * put behind the folder that it starts from. Nobody gets these records unasked (filter_settings.changes and its lists).
 */
#include "budget.h"
#include "change.h"
#include "change-text.h"
#include "strays.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NONE (-1)
#define REMOVE_FOLDER 0x200 /* AT_REMOVEDIR */
#define SETID_BITS 06000

#define SET_FLAGS 0x40086602 /* FS_IOC_SETFLAGS; a long of which four bytes are read */
#define SET_FLAGS_32 0x40046602 /* FS_IOC32_SETFLAGS */
#define SET_EXTENDED_FLAGS 0x401c5820 /* FS_IOC_FSSETXATTR, whose structure begins with them */

/* Which argument is what: constants of each program. */
struct change_way {
	__u32 call;
	int path, base; /* NONE of base: the working directory */
	int other, other_base;
	int mode, flags;
};

struct change {
	__u32 call;
	__u32 mode;
	__u32 change_flags;
	__s32 error;
	bool is_whole; /* wanted, whatever it changes */
};

/* Whether it is to be looked at; counted where not. */
static __always_inline bool is_due(struct change *change, struct task_struct *task, struct count_slot *count)
{
	struct filter_settings *filter = filters();
	count->attempted++;
	if (filter) {
		__u32 bit = 1U << (change->call & 31);
		change->is_whole = filter->changes & bit;
		if (change->call == CHANGE_CHMOD && (change->mode & SETID_BITS))
			change->is_whole |= (filter->changes >> CHANGE_CHMOD_SETID) & 1;
		bool is_asked = change->is_whole || (filter->listed_changes & bit);
		if (is_asked && !is_ignored(task) && !((filter->changes_containers_only & bit) && is_surely_hosts()))
			return true;
	}
	count->filtered++;
	return false;
}

static __always_inline void fill(struct scratch *scratch, struct task_struct *task, const struct change *change)
{
	struct change_record *record = &scratch->change;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_CHANGE, 0, task);
	record->call = change->call;
	record->mode = change->mode;
	record->change_flags = change->change_flags;
	record->error = change->error;
}

/* Whether a list asks for one of the two paths. Names first: most are let go by them, without a walk. */
static __always_inline bool name_asked(__u32 size, __u32 other_size)
{
	return (size > 0 && changed_name_watched(PARKED, size)) ||
	       (other_size > 0 && changed_name_watched(OTHER_PARKED, other_size));
}

static __always_inline void report(struct scratch *scratch, struct task_struct *task, const struct ended_call *ended,
				   struct change *change, const struct change_way *way, struct count_slot *count)
{
	struct filter_settings *filter = filters();
	__u32 size = park(scratch, PARKED, argument(ended, way->path));
	__u32 other_size = way->other == NONE ? 0 : park(scratch, OTHER_PARKED, argument(ended, way->other));
	bool is_wanted = change->is_whole || name_asked(size, other_size);
	if (!filter || (!is_wanted && filter->change_prefixes == 0)) {
		count->filtered++;
		return;
	}
	fill(scratch, task, change);
	struct change_record *record = &scratch->change;
	__u32 at = sizeof(*record);
	__u32 flags = 0;
	if (size == 0 || (way->other != NONE && other_size == 0)) {
		flags |= FLAG_READ_FAULT;
		count->read_fault++;
	}
	if (size > 0) {
		int base = way->base == NONE ? CWD_FD : (int)argument(ended, way->base);
		size = place(scratch, at, PARKED, size, task, base, &flags);
		is_wanted = is_wanted || changed_prefix_watched(scratch, at, size);
	}
	record->path_length = size;
	at = (at + size) & PLACES_MASK;
	if (other_size > 0) {
		/* What a symbolic link points to is told as it was written. */
		bool is_absolute = scratch->bytes[OTHER_PARKED] == '/';
		if (change->call == CHANGE_SYMLINK && !is_absolute) {
			bpf_probe_read_kernel(&scratch->bytes[at], other_size & (PATH_BYTES - 1),
					      &scratch->bytes[OTHER_PARKED]);
		} else {
			int base = way->other_base == NONE ? CWD_FD : (int)argument(ended, way->other_base);
			other_size = place(scratch, at, OTHER_PARKED, other_size, task, base, &flags);
			is_wanted = is_wanted || changed_prefix_watched(scratch, at, other_size);
		}
	}
	record->other_path_length = other_size;
	record->flags = flags;
	if (!is_wanted)
		count->filtered++;
	else if (has_budget(task, KIND_CHANGE, change->call, count))
		submit(&bulk, scratch, at + other_size, count);
}

static __always_inline int changed(struct ended_call *ended, struct change_way way)
{
	struct task_struct *task = current_task();
	struct count_slot *count = count_of(KIND_CHANGE);
	if (!count || !has_arguments(ended))
		return 0;
	struct change change = { .call = way.call, .error = error_of(ended) };
	change.mode = argument(ended, way.mode) & 07777;
	change.change_flags = argument(ended, way.flags);
	if (way.call == CHANGE_UNLINK && (change.change_flags & REMOVE_FOLDER))
		change.call = CHANGE_RMDIR;
	if (!is_due(&change, task, count))
		return 0;
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	report(scratch, task, ended, &change, &way, count);
	scratch_give(scratch);
	return 0;
}

/* What is changed is a descriptor's: the path is the kernel's. */
static __always_inline void report_opened(struct scratch *scratch, struct task_struct *task, struct file *file,
					  struct change *change, struct count_slot *count)
{
	struct filter_settings *filter = filters();
	struct change_record *record = &scratch->change;
	fill(scratch, task, change);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->device = device_of(inode);
	__u32 at = sizeof(*record);
	__u32 flags = FLAG_PATH_TRUSTED;
	__u64 dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	__u32 size = append_path(scratch, at, dentry, (__u64)BPF_CORE_READ(file, f_path.mnt), &flags) & (PATH_BYTES - 1);
	scratch->bytes[at + size] = 0;
	record->path_length = size;
	record->flags = flags;
	/* A path deeper than the walk is reported: depth is no place to hide. */
	bool is_wanted = change->is_whole || (flags & FLAG_PATH_CUT) || changed_name_watched(at, size) ||
			 (filter && filter->change_prefixes != 0 && changed_prefix_watched(scratch, at, size));
	if (!is_wanted)
		count->filtered++;
	else if (has_budget(task, KIND_CHANGE, change->call, count))
		submit(&bulk, scratch, at + size, count);
}

static __always_inline int changed_by_fd(int fd, struct change change)
{
	struct task_struct *task = current_task();
	struct count_slot *count = count_of(KIND_CHANGE);
	if (!count || !is_due(&change, task, count))
		return 0;
	struct file *file = file_of(task, fd);
	if (!file) { /* a number that stands for nothing, or no longer */
		count->filtered++;
		return 0;
	}
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	report_opened(scratch, task, file, &change, count);
	scratch_give(scratch);
	return 0;
}

#define EXIT_PROGRAM(name, ...) AT_EXIT(name, exit_##name, changed, (struct change_way){ __VA_ARGS__ })

/* call, path, its base, other path, its base, mode, flags */
EXIT_PROGRAM(rename, CHANGE_RENAME, 0, NONE, 1, NONE, NONE, NONE)
EXIT_PROGRAM(renameat, CHANGE_RENAME, 1, 0, 3, 2, NONE, NONE)
EXIT_PROGRAM(renameat2, CHANGE_RENAME, 1, 0, 3, 2, NONE, 4)
EXIT_PROGRAM(link, CHANGE_LINK, 0, NONE, 1, NONE, NONE, NONE)
EXIT_PROGRAM(linkat, CHANGE_LINK, 1, 0, 3, 2, NONE, 4)
EXIT_PROGRAM(symlink, CHANGE_SYMLINK, 1, NONE, 0, NONE, NONE, NONE)
EXIT_PROGRAM(symlinkat, CHANGE_SYMLINK, 2, 1, 0, NONE, NONE, NONE)
EXIT_PROGRAM(unlink, CHANGE_UNLINK, 0, NONE, NONE, NONE, NONE, NONE)
EXIT_PROGRAM(unlinkat, CHANGE_UNLINK, 1, 0, NONE, NONE, NONE, 2)
EXIT_PROGRAM(mkdir, CHANGE_MKDIR, 0, NONE, NONE, NONE, 1, NONE)
EXIT_PROGRAM(mkdirat, CHANGE_MKDIR, 1, 0, NONE, NONE, 2, NONE)
EXIT_PROGRAM(rmdir, CHANGE_RMDIR, 0, NONE, NONE, NONE, NONE, NONE)
EXIT_PROGRAM(chmod, CHANGE_CHMOD, 0, NONE, NONE, NONE, 1, NONE)
EXIT_PROGRAM(fchmodat, CHANGE_CHMOD, 1, 0, NONE, NONE, 2, NONE)
EXIT_PROGRAM(fchmodat2, CHANGE_CHMOD, 1, 0, NONE, NONE, 2, 3)

static __always_inline int changed_mode(struct ended_call *ended)
{
	if (!has_arguments(ended))
		return 0;
	struct change change = { .call = CHANGE_CHMOD, .error = error_of(ended) };
	change.mode = argument(ended, 1) & 07777;
	return changed_by_fd(argument(ended, 0), change);
}

AT_EXIT(fchmod, exit_fchmod, changed_mode)

/* FS_XFLAG_IMMUTABLE and FS_XFLAG_APPEND as FS_IMMUTABLE_FL and FS_APPEND_FL. */
static __always_inline __u32 plain_flags(__u32 extended)
{
	return (extended & 0x8 ? 0x10 : 0) | (extended & 0x10 ? 0x20 : 0);
}

static __always_inline int changed_flags(struct ended_call *ended)
{
	if (!has_arguments(ended))
		return 0;
	__u32 command = argument(ended, 1);
	if (command != SET_FLAGS && command != SET_FLAGS_32 && command != SET_EXTENDED_FLAGS)
		return 0;
	struct change change = { .call = CHANGE_CHATTR, .error = error_of(ended) };
	bpf_probe_read_user(&change.change_flags, sizeof(change.change_flags), (void *)argument(ended, 2));
	if (command == SET_EXTENDED_FLAGS)
		change.change_flags = plain_flags(change.change_flags);
	return changed_by_fd(argument(ended, 0), change);
}

AT_EXIT_COMPAT(ioctl, exit_ioctl, changed_flags)
