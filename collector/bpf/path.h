/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths from dentries, written from the end of a buffer to its start, over mounts up to the root of the mount
 * namespace. The state of the loop lies in map memory: with the offset in a register the verifier follows every
 * length of every component and gives up after a million instructions.
 */
#ifndef ATALAYA_PATH_H
#define ATALAYA_PATH_H

#include "maps.h"

#define PATH_MASK (PATH_BYTES - 1)
#define PATH_END (PATH_BYTES - 1)
#define FORMAT_MASK 0170000 /* S_IFMT */
#define FORMAT_FOLDER 0040000 /* S_IFDIR */
#define FORMAT_REGULAR 0100000 /* S_IFREG */

struct path_walk {
	__u64 dentry;
	__u64 mount; /* struct mount */
	__u64 root; /* dentry at the root of that mount */
	__u32 offset;
	__u32 flags; /* FLAG_PATH_CUT */
	__u8 bytes[PATH_BYTES * 2]; /* the second half is never used: it lets the verifier see that no write leaves */
};

/* An object whose programs may sleep or be preempted walks in memory of its own. */
#ifndef WALK_MAP
#define WALK_MAP walks
#endif

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct path_walk);
} WALK_MAP SEC(".maps");

/* What a walk needs of a dentry. */
struct dentry_facts {
	__u64 parent;
	struct qstr name;
};

/* The two members have been neighbours since 2.6: one read then, two if that ever ends. */
static __always_inline void read_dentry(struct dentry_facts *facts, __u64 at)
{
	struct dentry *dentry = (void *)at;
	if (bpf_core_field_offset(struct dentry, d_name) == bpf_core_field_offset(struct dentry, d_parent) + 8) {
		bpf_core_read(facts, sizeof(*facts), &dentry->d_parent);
		return;
	}
	bpf_core_read(&facts->parent, sizeof(facts->parent), &dentry->d_parent);
	bpf_core_read(&facts->name, sizeof(facts->name), &dentry->d_name);
}

static __always_inline struct path_walk *walk_state(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&WALK_MAP, &zero);
}

static __always_inline void walk_enter(struct path_walk *walk, __u64 dentry, __u64 mount)
{
	struct mount *at = (void *)mount;
	walk->dentry = dentry;
	walk->mount = mount;
	walk->root = (__u64)BPF_CORE_READ(at, mnt.mnt_root);
}

static __always_inline void walk_begin(struct path_walk *walk, __u64 dentry, __u64 vfsmount)
{
	walk_enter(walk, dentry, vfsmount - bpf_core_field_offset(struct mount, mnt));
	walk->offset = PATH_END;
	walk->flags = 0;
	walk->bytes[PATH_END] = 0;
}

/* Crosses to the parent mount when the walk stands at the root of one. 1: crossed, 0: not at a root, -1: at the top. */
static __always_inline int walk_cross(struct path_walk *walk)
{
	/* Volatile: what the compiler remembers of it on some of the ways here, the loop below cannot have. */
	if (*(volatile __u64 *)&walk->dentry != *(volatile __u64 *)&walk->root)
		return 0;
	struct mount *at = (void *)walk->mount;
	__u64 parent = (__u64)BPF_CORE_READ(at, mnt_parent);
	if (parent == walk->mount)
		return -1;
	walk_enter(walk, (__u64)BPF_CORE_READ(at, mnt_mountpoint), parent);
	return 1;
}

/* Puts one name before what is there. False when there is no room. */
static __always_inline bool walk_prepend(struct path_walk *walk, const struct qstr *name)
{
	__u32 length = name->len & 0xff;
	__u32 offset = walk->offset;
	if (offset < length + 1 || offset > PATH_END) {
		walk->flags |= FLAG_PATH_CUT;
		return false;
	}
	offset = (offset - length) & PATH_MASK;
	bpf_probe_read_kernel(&walk->bytes[offset], length, name->name);
	offset = (offset - 1) & PATH_MASK;
	walk->bytes[offset] = '/';
	walk->offset = offset;
	return true;
}

/* True when the walk has ended. */
static __always_inline bool walk_step(struct path_walk *walk)
{
	int crossed = walk_cross(walk);
	if (crossed)
		return crossed < 0;
	struct dentry_facts facts = {};
	read_dentry(&facts, walk->dentry);
	/* Parentless and not a mount's root: memfd and other files that never had a directory. */
	if (!walk_prepend(walk, &facts.name) || facts.parent == walk->dentry)
		return true;
	walk->dentry = facts.parent;
	return false;
}

/*
 * Walks; gives the offset of the path in walk->bytes, which ends at PATH_END. The root is "/"; a file that is itself
 * the root of a detached mount (runc's copy of itself) is "/" and its name.
 */
__noinline int walk_path(__u64 dentry, __u64 vfsmount)
{
	struct path_walk *walk = walk_state();
	if (!walk)
		return PATH_END;
	walk_begin(walk, dentry, vfsmount);
	/*
	 * Linux 5.10 takes a way back only from a jump (its check_cfg): the loop has to begin with what all ways into it
	 * have in common, and not behind a count that the compiler did beforehand on one of them.
	 */
	bool ended = false;
	for (__u32 left = PATH_DEPTH; !ended;) {
		barrier_var(left);
		if (left-- == 0)
			break;
		ended = walk_step(walk);
	}
	if (!ended)
		walk->flags |= FLAG_PATH_CUT;
	if (walk->offset == PATH_END) {
		/* A folder at the top is a container's root, whatever it was called outside. */
		struct dentry *top = (void *)dentry;
		struct dentry_facts own = {};
		read_dentry(&own, dentry);
		if ((BPF_CORE_READ(top, d_inode, i_mode) & FORMAT_MASK) != FORMAT_FOLDER)
			walk_prepend(walk, &own.name);
	}
	if (walk->offset == PATH_END) {
		walk->bytes[PATH_END - 1] = '/';
		walk->offset = PATH_END - 1;
	}
	return walk->offset & PATH_MASK;
}

/* Walks and appends the path at `at` of the scratch memory. Gives its length. */
static __always_inline __u32 append_path(struct scratch *scratch, __u32 at, __u64 dentry, __u64 vfsmount, __u32 *flags)
{
	struct path_walk *walk = walk_state();
	if (!walk)
		return 0;
	__u32 from = walk_path(dentry, vfsmount);
	from &= PATH_MASK;
	__u32 length = (PATH_END - from) & PATH_MASK;
	*flags |= walk->flags;
	if (at > SCRATCH_BYTES - PATH_BYTES)
		return 0;
	bpf_probe_read_kernel(&scratch->bytes[at], length, &walk->bytes[from]);
	return length;
}

#endif
