/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The dentry that a path stands for, from what the kernel keeps of its names: a name that was used just now is there, the
 * youngest of its folder first. Symbolic links are not followed: then there is nothing. The state lies in map memory
 * (as in path.h): the verifier follows what is kept in registers in all its values.
 */
#ifndef ATALAYA_FIND_H
#define ATALAYA_FIND_H

#include "base.h"

#define NAME_WORDS 8 /* 64 bytes of a name are compared, and its length */

struct finding {
	__u64 dentry; /* of the folder where it stands */
	__u64 mount; /* struct mount */
	__u64 top; /* the caller's root, which no step leads out of: dentry, and struct mount */
	__u64 top_mount;
	__u64 link; /* of a list that is looked through: the next */
	__u64 found; /* in it */
	__u32 at; /* in the scratch memory: what is not yet walked */
	__u32 left; /* bytes of that */
	__u64 name[NAME_WORDS]; /* that is looked for, zeros behind it */
	__u64 other[NAME_WORDS];
	struct moved_name value; /* what remember.h puts together */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct finding);
} findings SEC(".maps");

static __always_inline struct finding *finding_state(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&findings, &zero);
}

/* The names in a folder: a list in both, whose links begin with the next (since 6.8, and before). */
struct dentry___since_6_8 {
	struct hlist_node d_sib;
	struct hlist_head d_children;
} __attribute__((preserve_access_index));
struct dentry___before_6_8 {
	struct list_head d_child;
	struct list_head d_subdirs;
} __attribute__((preserve_access_index));

static __always_inline __u64 children_of(__u64 dentry)
{
	if (bpf_core_field_exists(struct dentry___since_6_8, d_children))
		return dentry + bpf_core_field_offset(struct dentry___since_6_8, d_children);
	return dentry + bpf_core_field_offset(struct dentry___before_6_8, d_subdirs);
}

static __always_inline __u64 child_of_link(__u64 link)
{
	if (bpf_core_field_exists(struct dentry___since_6_8, d_sib))
		return link - bpf_core_field_offset(struct dentry___since_6_8, d_sib);
	return link - bpf_core_field_offset(struct dentry___before_6_8, d_child);
}

/* Whether the name at `from` is the one that is looked for; `length` is that of both. */
static __always_inline bool is_sought(struct finding *finding, const void *from, __u32 length)
{
	__builtin_memset(finding->other, 0, sizeof(finding->other));
	barrier_var(length); /* bounded here: see change-text.h */
	if (length > sizeof(finding->other))
		length = sizeof(finding->other);
	bpf_probe_read_kernel(finding->other, length, from);
	__u64 differs = 0;
	for (int i = 0; i < NAME_WORDS; i++)
		differs |= finding->name[i] ^ finding->other[i];
	return differs == 0;
}

/*
 * Looks at some more names of a folder, from finding->link on. Gives 1 when it is over: finding->found is the sought name of
 * `length` bytes with something behind it, or 0. Few at once, called often: the verifier looks at them once.
 */
__noinline int look_at_children(__u64 folder, __u32 length)
{
	struct finding *finding = finding_state();
	if (!finding)
		return 1;
	__u64 head = children_of(folder);
	__u64 link = finding->link;
	for (int i = 0; i < LOOKED_AT_ONCE; i++) {
		if (!link || link == head)
			return 1;
		struct dentry_facts facts = {};
		__u64 at = child_of_link(link);
		struct dentry *child = (void *)at;
		read_dentry(&facts, at);
		if (facts.name.len == length && facts.parent == folder && is_sought(finding, facts.name.name, length) &&
		    BPF_CORE_READ(child, d_inode)) {
			finding->found = at;
			return 1;
		}
		bpf_probe_read_kernel(&link, sizeof(link), (void *)link);
	}
	finding->link = link;
	return 0;
}

/* The dentry of the sought name of `length` bytes in a folder, where something is behind it; 0. */
__noinline __u64 child_named(__u64 folder, __u32 length)
{
	struct finding *finding = finding_state();
	if (!finding)
		return 0;
	finding->found = 0;
	finding->link = 0;
	bpf_probe_read_kernel(&finding->link, sizeof(finding->link), (void *)children_of(folder));
	for (int i = 0; i < CHILDREN_MAX / LOOKED_AT_ONCE; i++) {
		if (look_at_children(folder, length))
			return finding->found;
	}
	return 0;
}

/* As look_at_children, of the mounts on the mount where it stands: goes into the one that lies where it stands. */
__noinline int look_at_mounts(void)
{
	struct finding *finding = finding_state();
	if (!finding)
		return 1;
	__u64 head = finding->mount + bpf_core_field_offset(struct mount, mnt_mounts);
	__u64 link = finding->link;
	for (int i = 0; i < LOOKED_AT_ONCE; i++) {
		if (!link || link == head)
			return 1;
		struct mount *below = (void *)(link - bpf_core_field_offset(struct mount, mnt_child));
		if ((__u64)BPF_CORE_READ(below, mnt_mountpoint) == finding->dentry) {
			finding->found = finding->mount = (__u64)below;
			finding->dentry = (__u64)BPF_CORE_READ(below, mnt.mnt_root);
			return 1;
		}
		bpf_probe_read_kernel(&link, sizeof(link), (void *)link);
	}
	finding->link = link;
	return 0;
}

/* Goes into what is mounted where it stands; 1 where something is. */
__noinline int find_enter_mount(void)
{
	struct finding *finding = finding_state();
	if (!finding)
		return 0;
	finding->found = 0;
	finding->link = 0;
	__u64 head = finding->mount + bpf_core_field_offset(struct mount, mnt_mounts);
	bpf_probe_read_kernel(&finding->link, sizeof(finding->link), (void *)head);
	for (int i = 0; i < MOUNTS_BELOW_MAX / LOOKED_AT_ONCE; i++) {
		if (look_at_mounts())
			return finding->found != 0;
	}
	return 0;
}

/* One folder up, out of what is mounted there; nowhere from the top, nor from the caller's root. */
static __always_inline void find_step_up(struct finding *finding)
{
	for (int i = 0; i < 3; i++) {
		if (finding->dentry == finding->top && finding->mount == finding->top_mount)
			return;
		struct mount *mount = (void *)finding->mount;
		if ((__u64)BPF_CORE_READ(mount, mnt.mnt_root) != finding->dentry)
			break;
		__u64 parent = (__u64)BPF_CORE_READ(mount, mnt_parent);
		if (parent == finding->mount)
			return;
		finding->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		finding->mount = parent;
	}
	struct dentry *here = (void *)finding->dentry;
	finding->dentry = (__u64)BPF_CORE_READ(here, d_parent);
}

static __always_inline void find_stand_at(struct finding *finding, __u64 dentry, __u64 vfsmount)
{
	finding->dentry = dentry;
	finding->mount = vfsmount ? vfsmount - bpf_core_field_offset(struct mount, mnt) : 0;
}

/* Stands where the path starts from. */
static __always_inline void find_begin(struct finding *finding, struct task_struct *task, bool is_absolute, int fd)
{
	struct fs_struct *fs = OF(task, fs);
	find_stand_at(finding, (__u64)BPF_CORE_READ(fs, root.dentry), (__u64)BPF_CORE_READ(fs, root.mnt));
	finding->top = finding->dentry;
	finding->top_mount = finding->mount;
	if (is_absolute) {
		return;
	} else if (fd == CWD_FD) {
		find_stand_at(finding, (__u64)BPF_CORE_READ(fs, pwd.dentry), (__u64)BPF_CORE_READ(fs, pwd.mnt));
	} else {
		struct file *file = file_of(task, fd);
		find_stand_at(finding, (__u64)BPF_CORE_READ(file, f_path.dentry), (__u64)BPF_CORE_READ(file, f_path.mnt));
	}
}

/* Bytes up to the next slash, or to the end. */
__noinline int next_name_length(void)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	struct finding *finding = finding_state();
	if (!scratch || !finding)
		return 0;
	for (__u32 i = 0; i < 256; i++) {
		__u32 index = (finding->at + i) & 0x7fff;
		if (i >= finding->left || index >= SCRATCH_BYTES || scratch->bytes[index] == '/')
			return i;
	}
	return 256;
}

/* Takes the next name of `length` bytes to look for it. False where it is longer than any. */
static __always_inline bool find_take_name(struct scratch *scratch, struct finding *finding, __u32 length)
{
	__u32 at = finding->at & 0x7fff;
	__u32 size = length > sizeof(finding->name) ? sizeof(finding->name) : length;
	if (length > 255 || at > SCRATCH_BYTES - sizeof(finding->name))
		return false;
	__builtin_memset(finding->name, 0, sizeof(finding->name));
	bpf_probe_read_kernel(finding->name, size, &scratch->bytes[at]);
	return true;
}

static __always_inline void find_skip(struct finding *finding, __u32 bytes)
{
	finding->at += bytes;
	finding->left -= bytes;
}

#define TWO_DOTS 0x2e2eU

/* One name further. Gives the length of the last name where that is next, -1 where there is nothing to be found, or 0: go on. */
__noinline int find_step(void)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	struct finding *finding = finding_state();
	if (!scratch || !finding || finding->left == 0)
		return -1;
	__u32 length = next_name_length();
	if (length == 0) {
		find_skip(finding, 1);
		return 0;
	}
	if (!find_take_name(scratch, finding, length))
		return -1;
	bool is_step_up = length == 2 && finding->name[0] == TWO_DOTS;
	bool is_here = length == 1 && finding->name[0] == '.';
	if (length >= finding->left)
		return is_step_up || is_here ? -1 : (int)length;
	find_skip(finding, length);
	if (is_step_up) {
		find_step_up(finding);
	} else if (!is_here) {
		finding->dentry = child_named(finding->dentry, length);
		if (find_enter_mount())
			find_enter_mount(); /* one over the other */
	}
	struct dentry *here = (void *)finding->dentry;
	return (BPF_CORE_READ(here, d_inode, i_mode) & FORMAT_MASK) == FORMAT_FOLDER ? 0 : -1;
}

/*
 * Stands in the folder of the path of `size` bytes at `at` of the scratch memory, its last name taken to be looked for. Gives that
 * name's length, or 0.
 */
__noinline int find_folder(__u32 at, __u32 size, int base_fd)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	struct finding *finding = finding_state();
	if (!scratch || !finding || at >= SCRATCH_BYTES)
		return 0;
	finding->at = at;
	finding->left = size;
	find_begin(finding, current_task(), scratch->bytes[at] == '/', base_fd);
	for (int i = 0; i < FIND_STEPS_MAX; i++) {
		int last = finding->dentry ? find_step() : -1;
		if (last)
			return last > 0 ? last : 0;
	}
	return 0;
}

#endif
