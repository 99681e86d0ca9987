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

/* Before 5.11 no module's types are described, and the overlay is one in most kernels: as 5.10 has them. */
struct ovl_path_of_5_10 {
	__u64 layer; /* its first member is the mount */
	__u64 dentry;
};

struct ovl_entry_of_5_10 {
	__u64 flags_or_rcu[2];
	__u32 numlower;
	__u32 gap;
	struct ovl_path_of_5_10 lowerstack[1];
};

#define LINUX_5_11 ((5 << 16) + (11 << 8))
extern int LINUX_KERNEL_VERSION __kconfig;

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
	if (LINUX_KERNEL_VERSION < LINUX_5_11) {
		__u64 entry = (__u64)BPF_CORE_READ(file, f_path.dentry, d_fsdata);
		__u64 at = __builtin_offsetof(struct ovl_entry_of_5_10, numlower);
		bpf_probe_read_kernel(&count, sizeof(count), (void *)(entry + at));
		return entry && count ? entry + __builtin_offsetof(struct ovl_entry_of_5_10, lowerstack) : 0;
	}
	return 0;
}

/* What an ovl_path holds. */
static __always_inline void read_lower_path(struct ovl_path_of_5_10 *out, __u64 at)
{
	if (!bpf_core_type_exists(struct ovl_path___atalaya)) {
		bpf_probe_read_kernel(out, sizeof(*out), (void *)at);
		return;
	}
	out->layer = pointer_at((void *)(at + bpf_core_field_offset(struct ovl_path___atalaya, layer)));
	out->dentry = pointer_at((void *)(at + bpf_core_field_offset(struct ovl_path___atalaya, dentry)));
}

static __always_inline __u64 mount_of_layer(__u64 layer)
{
	__u32 at = 0;
	if (bpf_core_type_exists(struct ovl_layer___atalaya))
		at = bpf_core_field_offset(struct ovl_layer___atalaya, mnt);
	return pointer_at((void *)(layer + at));
}

static __always_inline struct dentry *upper_dentry_of(struct inode *inode)
{
	if (!bpf_core_type_exists(struct ovl_inode___atalaya))
		return (void *)pointer_at((void *)inode + bpf_core_type_size(struct inode)); /* as in_upper_layer() */
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
	struct ovl_path_of_5_10 path = {};
	read_lower_path(&path, at);
	struct dentry *below = (void *)path.dentry;
	struct inode *lower = BPF_CORE_READ(below, d_inode);
	struct dentry *above = upper_dentry_of(BPF_CORE_READ(file, f_inode));
	struct inode *upper = BPF_CORE_READ(above, d_inode);
	if (!path.layer || !lower || !upper || BPF_CORE_READ(lower, i_size) != BPF_CORE_READ(upper, i_size))
		return false;
	out->dentry = (__u64)below;
	out->mount = mount_of_layer(path.layer);
	out->inode = BPF_CORE_READ(lower, i_ino);
	out->device = device_of(lower);
	read_change(out, upper);
	return true;
}

#endif
