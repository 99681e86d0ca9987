/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a file of an overlay's upper layer comes from. chmod, chown, rename and link of a file of the image copy it up
 * unchanged; the overlay remembers what it copied (in memory, and on disk as trusted.overlay.origin, which a container
 * may not write). Whether the content is still the same is for the reader to compare: sizes and mtime are forged by anyone.
 */
#ifndef ATALAYA_LOWER_H
#define ATALAYA_LOWER_H

#include "file.h"

struct ovl_layer___atalaya {
	struct vfsmount *mnt;
} __attribute__((preserve_access_index));

struct ovl_path___atalaya {
	struct ovl_layer___atalaya *layer;
	struct dentry *dentry;
} __attribute__((preserve_access_index));

/* Since 6.5: the inode knows its entry. */
struct ovl_entry___atalaya {
	unsigned int __numlower;
	struct ovl_path___atalaya __lowerstack[0];
} __attribute__((preserve_access_index));

struct ovl_inode___entry {
	struct inode vfs_inode;
	struct ovl_entry___atalaya *oe;
} __attribute__((preserve_access_index));

/* Before: the dentry does, and a new hard link's dentry only after it was looked up again. */
struct ovl_entry___before {
	unsigned int numlower;
	struct ovl_path___atalaya lowerstack[0];
} __attribute__((preserve_access_index));

/* The change time of an inode: two members since 6.11, a renamed one since 6.6. */
struct inode___change {
	time64_t i_ctime_sec;
	__u32 i_ctime_nsec;
} __attribute__((preserve_access_index));

struct inode___renamed {
	struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));

struct inode___plain {
	struct timespec64 i_ctime;
} __attribute__((preserve_access_index));

#define NANOSECONDS_MASK 0x3fffffff /* since 6.13 the highest bit of the member says that it was asked for */

struct lower_file {
	__u64 dentry;
	__u64 mount; /* struct vfsmount */
	__u64 inode;
	__u64 upper_change_s;
	__u32 upper_change_ns;
	__u32 device;
};

static __always_inline __u64 pointer_at(void *address)
{
	__u64 value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), address);
	return value;
}

/* The first of the lower files that the overlay remembers: its struct ovl_path; 0 where there is none. */
static __always_inline __u64 lower_path_of(struct file *file)
{
	__u32 count = 0;
	if (bpf_core_field_exists(struct ovl_inode___entry, oe)) {
		void *inode = BPF_CORE_READ(file, f_inode);
		__u64 entry = pointer_at(inode - bpf_core_field_offset(struct ovl_inode___entry, vfs_inode) +
					 bpf_core_field_offset(struct ovl_inode___entry, oe));
		__u64 at = bpf_core_field_offset(struct ovl_entry___atalaya, __numlower);
		bpf_probe_read_kernel(&count, sizeof(count), (void *)(entry + at));
		at = bpf_core_field_offset(struct ovl_entry___atalaya, __lowerstack);
		return entry && count ? entry + at : 0;
	}
	if (bpf_core_field_exists(struct ovl_entry___before, lowerstack)) {
		__u64 entry = (__u64)BPF_CORE_READ(file, f_path.dentry, d_fsdata);
		__u64 at = bpf_core_field_offset(struct ovl_entry___before, numlower);
		bpf_probe_read_kernel(&count, sizeof(count), (void *)(entry + at));
		at = bpf_core_field_offset(struct ovl_entry___before, lowerstack);
		return entry && count ? entry + at : 0;
	}
	return 0;
}

static __always_inline struct dentry *upper_dentry_of(struct inode *inode)
{
	if (!bpf_core_type_exists(struct ovl_inode___atalaya))
		return NULL;
	return (void *)pointer_at((void *)inode - bpf_core_field_offset(struct ovl_inode___atalaya, vfs_inode) +
				  bpf_core_field_offset(struct ovl_inode___atalaya, __upperdentry));
}

static __always_inline void read_change(struct lower_file *out, struct inode *inode)
{
	if (bpf_core_field_exists(struct inode___change, i_ctime_sec)) {
		struct inode___change *now = (void *)inode;
		out->upper_change_s = BPF_CORE_READ(now, i_ctime_sec);
		out->upper_change_ns = BPF_CORE_READ(now, i_ctime_nsec) & NANOSECONDS_MASK;
	} else if (bpf_core_field_exists(struct inode___renamed, __i_ctime)) {
		struct inode___renamed *renamed = (void *)inode;
		out->upper_change_s = BPF_CORE_READ(renamed, __i_ctime.tv_sec);
		out->upper_change_ns = BPF_CORE_READ(renamed, __i_ctime.tv_nsec);
	} else if (bpf_core_field_exists(struct inode___plain, i_ctime)) {
		struct inode___plain *plain = (void *)inode;
		out->upper_change_s = BPF_CORE_READ(plain, i_ctime.tv_sec);
		out->upper_change_ns = BPF_CORE_READ(plain, i_ctime.tv_nsec);
	}
}

/* False where nothing below is as long as the file: then it is another one, or has become another one. */
static __always_inline bool find_lower(struct file *file, struct lower_file *out)
{
	__u64 at = lower_path_of(file);
	if (!at)
		return false;
	__u64 layer = pointer_at((void *)(at + bpf_core_field_offset(struct ovl_path___atalaya, layer)));
	struct dentry *below = (void *)pointer_at((void *)(at + bpf_core_field_offset(struct ovl_path___atalaya, dentry)));
	struct inode *lower = BPF_CORE_READ(below, d_inode);
	struct dentry *above = upper_dentry_of(BPF_CORE_READ(file, f_inode));
	struct inode *upper = BPF_CORE_READ(above, d_inode);
	if (!layer || !lower || !upper || BPF_CORE_READ(lower, i_size) != BPF_CORE_READ(upper, i_size))
		return false;
	out->dentry = (__u64)below;
	out->mount = pointer_at((void *)(layer + bpf_core_field_offset(struct ovl_layer___atalaya, mnt)));
	out->inode = BPF_CORE_READ(lower, i_ino);
	out->device = device_of(lower);
	read_change(out, upper);
	return true;
}

#endif
