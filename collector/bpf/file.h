/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file is, besides its path: overlay layer, memfd, deleted. */
#ifndef ATALAYA_FILE_H
#define ATALAYA_FILE_H

#include "task.h"

#define ANONYMOUS_FILES 0x09041934
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define FMODE_WRITE_BIT 0x2
#define FMODE_CREATED_BIT 0x100000

/* Overlay may be a module whose BTF is not the kernel's: only this pair of members is needed of it. */
struct ovl_inode___atalaya {
	struct inode vfs_inode;
	struct dentry *__upperdentry;
} __attribute__((preserve_access_index));

/* Reads go through the helper: an open's file is an address to the verifier, not a typed pointer. */
static __always_inline bool in_upper_layer(struct inode *inode)
{
	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return false;
	void *upper_at = (void *)inode + bpf_core_type_size(struct inode);
	if (bpf_core_type_exists(struct ovl_inode___atalaya))
		upper_at = (void *)inode - bpf_core_field_offset(struct ovl_inode___atalaya, vfs_inode) +
			   bpf_core_field_offset(struct ovl_inode___atalaya, __upperdentry);
	__u64 upper = 0;
	bpf_probe_read_kernel(&upper, sizeof(upper), upper_at);
	return upper != 0;
}

/* A memfd has a dentry without a directory, named memfd:…; a file of that name in a directory is just a file. */
static __always_inline bool is_memfd(struct dentry *dentry)
{
	if (BPF_CORE_READ(dentry, d_parent) != dentry)
		return false;
	char name[8] = {};
	const unsigned char *from = BPF_CORE_READ(dentry, d_name.name);
	bpf_probe_read_kernel(name, 6, from);
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' && name[4] == 'd' && name[5] == ':';
}

static __always_inline __u32 device_of(struct inode *inode)
{
	__u32 device = BPF_CORE_READ(inode, i_sb, s_dev);
	return user_device(device >> 20, device & 0xfffff);
}

static __always_inline __u32 file_flags(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	__u32 flags = in_upper_layer(inode) ? FLAG_UPPER_LAYER : 0;
	if (is_memfd(BPF_CORE_READ(file, f_path.dentry)))
		flags |= FLAG_MEMFD;
	else if (BPF_CORE_READ(inode, i_nlink) == 0)
		flags |= FLAG_DELETED;
	return flags;
}

/* What a descriptor of the task stands for; NULL where it is closed. */
static __always_inline struct file *file_of(struct task_struct *task, int fd)
{
	struct fdtable *table = OF(OF(task, files), fdt);
	if (fd < 0 || (__u32)fd >= OF(table, max_fds))
		return NULL;
	struct file **files = OF(table, fd);
	struct file *file = NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

#endif
