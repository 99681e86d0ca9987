/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A quick no to most opened files. Since Linux 6.2 an address can be read as what it is: each read is a load that
 * cannot fault, where it is a helper's call otherwise. So this can say no without taking memory or asking a map for
 * every component. It never says no where names.h and path.h would say yes: a yes is only "look closely".
 */
#ifndef ATALAYA_QUICK_H
#define ATALAYA_QUICK_H

#include "file.h"
#include "moved.h"
#include "names.h"

extern void *bpf_rdonly_cast(const void *address, __u32 type) __ksym;

#define AS(type, address) ((type *)bpf_rdonly_cast((const void *)(address), bpf_core_type_id_kernel(type)))

/* Eight bytes as a number: every kernel has this type, and it begins with one. */
static __always_inline __u64 word_at(const void *address)
{
	return (__u64)AS(struct timespec64, address)->tv_sec;
}

/* The first eight bytes of a name, those after its end as zeros. Names are kept where eight bytes can always be read. */
static __always_inline __u64 start_of_name(const void *name, __u32 length)
{
	__u64 start = word_at(name);
	return length < 8 ? start & ((1ULL << (length * 8)) - 1) : start;
}

static __always_inline bool has_start(struct filter_settings *filter, __u32 bit)
{
	return (filter->open_starts[(bit >> 6) & (NAME_START_WORDS - 1)] >> (bit & 63)) & 1;
}

/*
 * Whether a watched name may have this length and this start: both of its bits are set (Bloom, 1970); src/kernel/filter-settings.ts
 * sets the same ones.
 */
static __always_inline bool start_watched(struct filter_settings *filter, __u64 start, __u32 length)
{
	__u64 hash = (start + length) * NAME_START_FACTOR;
	return has_start(filter, hash >> (64 - NAME_STARTS_LOG)) &&
	       has_start(filter, (hash >> (64 - 2 * NAME_STARTS_LOG)) & ((1 << NAME_STARTS_LOG) - 1));
}

/* False when none of the last components of the file's path can be watched. */
static __always_inline int may_be_watched(__u64 at, __u64 vfsmount)
{
	struct filter_settings *filter = filters();
	if (!filter)
		return 1;
	__u64 mount_at = vfsmount - bpf_core_field_offset(struct mount, mnt);
	__u64 root = (__u64)AS(struct mount, mount_at)->mnt.mnt_root;
	for (int i = 0; i < MATCH_DEPTH; i++) {
		if (at == root) {
			struct mount *mount = AS(struct mount, mount_at);
			__u64 parent = (__u64)mount->mnt_parent;
			if (parent == mount_at)
				return 0;
			at = (__u64)mount->mnt_mountpoint;
			mount_at = parent;
			root = (__u64)AS(struct mount, parent)->mnt.mnt_root;
			continue;
		}
		struct dentry *dentry = AS(struct dentry, at);
		__u32 length = dentry->d_name.len;
		if (length_watched(filter->open_lengths, length) &&
		    start_watched(filter, start_of_name(dentry->d_name.name, length), length))
			return 1;
		__u64 parent = (__u64)dentry->d_parent;
		if (parent == at)
			return 0;
		at = parent;
	}
	return 1;
}

/*
 * Whether it may have been opened by another name than one that is watched: a hard link whose other names were looked up of late, or a file
 * that is mounted over another one.
 */
static __always_inline bool may_have_other_name(struct file *file)
{
	struct inode *inode = file->f_inode;
	if ((inode->i_mode & FORMAT_MASK) != FORMAT_REGULAR)
		return false;
	if (file->f_path.dentry == file->f_path.mnt->mnt_root)
		return true;
	if (inode->i_nlink < 2)
		return false;
	struct hlist_node *first = inode->i_dentry.first;
	return first && first->next;
}

/* The file at a descriptor of the current task, or 0: as file_of (file.h), by loads. */
static __always_inline __u64 quick_file(struct task_struct *task, long fd)
{
	struct fdtable *table = task->files->fdt;
	if (fd < 0 || (__u32)fd >= table->max_fds)
		return 0;
	__u64 slot = (__u64)table->fd + fd * sizeof(void *);
	return word_at((void *)slot);
}

/* True when the opened file certainly cannot be written to. */
static __always_inline bool surely_only_read(struct task_struct *task, long fd)
{
	__u64 opened = quick_file(task, fd);
	return opened && !(AS(struct file, opened)->f_mode & FMODE_WRITE_BIT);
}

/* Whether the file at `opened` had a watched name (moved.h). */
static __always_inline bool had_other_name(__u64 opened)
{
	struct moved_ends *ends = ends_of_moved();
	if (!ends || !may_be_moved(ends, AS(struct file, opened)->f_inode->i_ino))
		return false;
	return was_moved(word_at((void *)(opened + bpf_core_field_offset(struct file, f_inode))));
}

/* True when the opened file is certainly none that is asked for. */
static __always_inline bool surely_unwanted(struct task_struct *task, long fd)
{
	struct filter_settings *filter = filters();
	if (!filter || (filter->flags & ASKS_ALL_OPENS) || filter->open_prefixes != 0 || filter->end_lengths != 0)
		return false;
	__u64 opened = quick_file(task, fd);
	if (!opened)
		return false;
	struct file *file = AS(struct file, opened);
	if (filter->write_prefixes != 0 && (file->f_mode & FMODE_WRITE_BIT))
		return false;
	return !may_be_watched((__u64)file->f_path.dentry, (__u64)file->f_path.mnt) && !may_have_other_name(file) &&
	       !had_other_name(opened);
}

#endif
