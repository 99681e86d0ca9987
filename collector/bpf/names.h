/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is it a watched name? A bit per length first, the hash only when a name of that length is watched at all. */
#ifndef ATALAYA_NAMES_H
#define ATALAYA_NAMES_H

#include "path.h"

static __always_inline bool length_watched(const __u64 *lengths, __u32 length)
{
	return length < 256 && (lengths[(length >> 6) & 3] >> (length & 63)) & 1;
}

static __always_inline bool key_watched(struct name_key *key, __u32 wanted)
{
	__u32 *value = bpf_map_lookup_elem(&names, key);
	return value && (*value & wanted);
}

static __always_inline bool name_watched(struct filter_settings *filter, const struct qstr *name)
{
	__u32 length = name->len;
	if (!length_watched(filter->open_lengths, length))
		return false;
	struct name_key key = { .length = length };
	if (length > NAME_BYTES)
		length = NAME_BYTES;
	bpf_probe_read_kernel(key.bytes, length, name->name);
	return key_watched(&key, NAME_FOR_OPEN);
}

static __always_inline bool end_key_watched(const void *end, __u32 size, __u32 wanted)
{
	struct name_key key = { .length = END_MARK | size };
	bpf_probe_read_kernel(key.bytes, size, end);
	return key_watched(&key, wanted);
}

static __always_inline bool end_length_watched(__u32 end_lengths, __u32 size, __u32 length)
{
	return size <= length && (end_lengths >> (size - 1)) & 1;
}

/* True when the `length` bytes at `name`, in the kernel's memory, end with a watched end. */
__noinline int end_watched(__u64 name, __u32 length)
{
	struct filter_settings *filter = filters();
	if (!filter)
		return 0;
	for (__u32 size = 1; size <= END_BYTES; size++) {
		if (end_length_watched(filter->end_lengths, size, length) &&
		    end_key_watched((void *)(name + length - size), size, NAME_FOR_END))
			return 1;
	}
	return 0;
}

/*
 * The same of what lies in the scratch memory up to `end`: an address there is none to the verifier, an offset is.
 * `wanted` is NAME_FOR_END or NAME_FOR_CHANGE_END.
 */
__noinline int scratch_end_watched(__u32 end, __u32 length, __u32 wanted)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	struct filter_settings *filter = filters();
	if (!filter || !scratch)
		return 0;
	__u32 lengths = wanted == NAME_FOR_END ? filter->end_lengths : filter->change_end_lengths;
	for (__u32 size = 1; size <= END_BYTES; size++) {
		__u32 from = (end - size) & 0x7fff;
		if (!end_length_watched(lengths, size, length))
			continue;
		if (from > SCRATCH_BYTES - END_BYTES || end_key_watched(&scratch->bytes[from], size, wanted))
			return 1;
	}
	return 0;
}

#define TOO_DEEP 2

/*
 * 1 when one of the last components of the file's path is watched, the file's own name first, or that name's end; TOO_DEEP when
 * there are more. Linux 5.10 gives an open, this walk and the look at the end 512 bytes of stack together.
 */
__noinline int any_component_watched(__u64 dentry, __u64 vfsmount)
{
	struct filter_settings *filter = filters();
	if (!filter)
		return 0;
	struct mount *mount = (void *)(vfsmount - bpf_core_field_offset(struct mount, mnt));
	__u64 root = (__u64)BPF_CORE_READ(mount, mnt.mnt_root);
	bool is_own_name = filter->end_lengths != 0;
	for (int i = 0; i < MATCH_DEPTH; i++) {
		if (dentry == root) {
			struct mount *parent = BPF_CORE_READ(mount, mnt_parent);
			if (parent == mount)
				return 0;
			dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
			mount = parent;
			root = (__u64)BPF_CORE_READ(mount, mnt.mnt_root);
			continue;
		}
		struct dentry_facts facts = {};
		read_dentry(&facts, dentry);
		if (name_watched(filter, &facts.name))
			return 1;
		if (is_own_name && end_watched((__u64)facts.name.name, facts.name.len))
			return 1;
		is_own_name = false;
		if (facts.parent == dentry)
			return 0;
		dentry = facts.parent;
	}
	return TOO_DEEP; /* that is no place to hide */
}

/* Where a name hangs in the list of its file's names: in a union with a name (6.18 and before), or without one (7.2). */
struct dentry___plain {
	struct hlist_node d_alias;
} __attribute__((preserve_access_index));
struct dentry___named {
	union {
		struct hlist_node d_alias;
	} d_u;
} __attribute__((preserve_access_index));

static __always_inline __u64 name_of_node(__u64 node)
{
	if (bpf_core_field_exists(struct dentry___plain, d_alias))
		return node - bpf_core_field_offset(struct dentry___plain, d_alias);
	return node - bpf_core_field_offset(struct dentry___named, d_u.d_alias);
}

#define OTHER_NAMES_MAX 16
#define MORE_NAMES 1 /* no dentry's address */

/*
 * A watched name of the file beside the one that it was opened by: its dentry; MORE_NAMES when it has more than are looked at;
 * or 0. The kernel keeps those of its names that were looked up of late; who makes a hard link has looked up both.
 */
__noinline __u64 watched_other_name(__u64 inode, __u64 opened)
{
	struct filter_settings *filter = filters();
	if (!filter)
		return 0;
	__u64 node = (__u64)BPF_CORE_READ((struct inode *)inode, i_dentry.first);
	for (int i = 0; i < OTHER_NAMES_MAX && node; i++) {
		__u64 dentry = name_of_node(node);
		struct dentry_facts facts = {};
		read_dentry(&facts, dentry);
		if (dentry != opened && (name_watched(filter, &facts.name) ||
					 (filter->end_lengths != 0 && end_watched((__u64)facts.name.name, facts.name.len))))
			return dentry;
		node = (__u64)BPF_CORE_READ((struct hlist_node *)node, next);
	}
	return node ? MORE_NAMES : 0;
}

/*
 * Bytes after the last slash of the path of `size` bytes at `at` of the scratch memory. The loop counts in map memory,
 * like the walk: in registers it costs the verifier ten seconds.
 */
__noinline int last_name_length(__u32 at, __u32 size)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	struct path_walk *walk = walk_state();
	if (!walk || !scratch)
		return 0;
	walk->offset = size;
	for (int i = 0; i < 256; i++) {
		__u32 offset = walk->offset;
		if (offset == 0 || offset > PATH_MASK)
			break;
		__u32 index = (at + offset - 1) & 0x7fff;
		if (index >= SCRATCH_BYTES || scratch->bytes[index] == '/')
			break;
		walk->offset = offset - 1;
	}
	return size - walk->offset;
}

/* Whether the last component of the path of `size` bytes at `at` of the scratch memory is watched. */
static __always_inline bool path_watched(struct scratch *scratch, __u32 at, __u32 size, __u32 wanted)
{
	struct filter_settings *filter = filters();
	if (!filter)
		return false;
	__u32 name = last_name_length(at, size);
	if (wanted == NAME_FOR_OPEN && filter->end_lengths != 0 && scratch_end_watched(at + size, name, NAME_FOR_END))
		return true;
	if (!length_watched(wanted == NAME_FOR_EXEC ? filter->exec_lengths : filter->open_lengths, name))
		return false;
	struct name_key key = { .length = name };
	__u32 start = (size - name) & (PATH_BYTES - 1);
	if (name > NAME_BYTES)
		name = NAME_BYTES;
	bpf_probe_read_kernel(key.bytes, name, &scratch->bytes[at + start]);
	return key_watched(&key, wanted);
}

/*
 * The path of user memory, read after the call into the scratch memory at `at`; true when its last component is
 * watched. Another thread may have changed it since: whoever reports it says so.
 */
static __always_inline bool user_path_watched(struct scratch *scratch, __u32 at, const void *from, __u32 wanted,
					      __u32 *length)
{
	*length = 0;
	long got = bpf_probe_read_user_str(&scratch->bytes[at], PATH_BYTES, from);
	if (got < 2)
		return false;
	__u32 size = (got - 1) & (PATH_BYTES - 1);
	*length = size;
	return path_watched(scratch, at, size, wanted);
}

#endif
