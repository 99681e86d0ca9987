/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether a program may not run: it did not come with the image of a container in which such programs are blocked.
 * Blocked is only what is certain. The kernel cannot compare contents: a file of the upper layer that the overlay copied up
 * from a lower one of the same length runs (the reader compares, and tells); so does all of which the overlay says too little.
 */
#ifndef ATALAYA_BLOCK_H
#define ATALAYA_BLOCK_H

#include "groups.h"
#include "lower.h"

#define ANCESTORS_MAX 8 /* control groups between a process and its container's: systemd in a container makes a few */

struct ovl_fs___atalaya {
	unsigned int numlayer;
	struct ovl_layer___atalaya *layers; /* the upper one first */
} __attribute__((preserve_access_index));

/* Nothing is blocked after it: a collector that was killed leaves nothing behind. */
static __always_inline bool lease_holds(void)
{
	__u32 zero = 0;
	__u64 *until_ns = bpf_map_lookup_elem(&enforced_until, &zero);
	return until_ns && *until_ns && bpf_ktime_get_ns() < *until_ns;
}

/* Whether the process is in that control group or below it: a device number alone is given anew when a container ends. */
static __always_inline bool is_below(struct task_struct *task, struct enforced_root *root)
{
	__u64 id = 0;
	struct cgroup *cgroup = group_of(task, root->cgroup_version);
#pragma unroll
	for (int i = 0; i < ANCESTORS_MAX; i++) {
		id = BPF_CORE_READ(cgroup, kn, id);
		if (id == root->cgroup_id)
			return true;
		cgroup = group_above(cgroup);
		if (!cgroup)
			return false;
	}
	return false;
}

/* The overlay can remember what it copies only where a file of the layer below has a handle by which it is found again. */
static __always_inline bool remembers_origins(struct super_block *super)
{
	if (!bpf_core_field_exists(struct ovl_fs___atalaya, layers) || !bpf_core_type_exists(struct ovl_layer___atalaya))
		return false;
	struct ovl_fs___atalaya *overlay = BPF_CORE_READ(super, s_fs_info);
	__u64 layers = (__u64)BPF_CORE_READ(overlay, layers);
	if (!layers || BPF_CORE_READ(overlay, numlayer) < 2)
		return false;
	__u64 lower = layers + bpf_core_type_size(struct ovl_layer___atalaya);
	struct vfsmount *mount = (void *)pointer_at((void *)(lower + bpf_core_field_offset(struct ovl_layer___atalaya, mnt)));
	return BPF_CORE_READ(mount, mnt_sb, s_export_op) != NULL;
}

static __always_inline bool is_brought(struct file *exe, struct inode *inode)
{
	bool by_inode = bpf_core_field_exists(struct ovl_inode___entry, oe);
	if (!by_inode && !bpf_core_field_exists(struct ovl_entry___before, lowerstack))
		return false;
	if (!in_upper_layer(inode) || !remembers_origins(BPF_CORE_READ(inode, i_sb)))
		return false;
	/* Before 6.5 a new hard link does not know its origin until it was looked up again. */
	if (!by_inode && BPF_CORE_READ(inode, i_nlink) > 1)
		return false;
	struct lower_file lower = {};
	return !find_lower(exe, &lower);
}

/* What is to become of an execution: 0, FLAG_BLOCKED, or FLAG_WOULD_BLOCK. */
static __always_inline __u32 judge_exec(struct task_struct *task, struct file *exe)
{
	if (!lease_holds())
		return 0;
	struct inode *inode = BPF_CORE_READ(exe, f_inode);
	bool in_memory = is_memfd(BPF_CORE_READ(exe, f_path.dentry));
	/* Of a program in memory: in whose root it runs. A runtime that prepares a container is still in the host's. */
	struct inode *of = in_memory ? BPF_CORE_READ(task, fs, root.dentry, d_inode) : inode;
	__u32 device = device_of(of);
	struct enforced_root *root = bpf_map_lookup_elem(&enforced, &device);
	if (!root || !is_below(task, root))
		return 0;
	if (!in_memory && !is_brought(exe, inode))
		return 0;
	return root->is_dry ? FLAG_WOULD_BLOCK : FLAG_BLOCKED;
}

#endif
