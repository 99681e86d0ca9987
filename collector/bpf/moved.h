/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files that were given another name than a watched one of theirs (rename, link), by device, inode and its generation: whoever
 * opens such a file is told by the watched name. remember.h fills the map. Where it is empty, an open costs one look at a byte.
 */
#ifndef ATALAYA_MOVED_H
#define ATALAYA_MOVED_H

#include "lower.h"
#include "path.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MOVED_MAX);
	__type(key, struct moved_key);
	__type(value, struct moved_name);
} moved SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct moved_ends);
} moved_ends SEC(".maps");

/* Of an overlay's file that of the file above: its own inodes have none. */
static __always_inline __u32 generation_of(struct inode *inode)
{
	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return BPF_CORE_READ(inode, i_generation);
	struct dentry *above = upper_dentry_of(inode);
	return above ? BPF_CORE_READ(above, d_inode, i_generation) : 0;
}

static __always_inline struct moved_key moved_key_of(struct inode *inode)
{
	struct moved_key key = { .inode = BPF_CORE_READ(inode, i_ino), .device = device_of(inode) };
	key.generation = generation_of(inode);
	return key;
}

/* NULL where no file was moved: then there is nothing to be read of any. */
static __always_inline struct moved_ends *ends_of_moved(void)
{
	__u32 zero = 0;
	struct moved_ends *ends = bpf_map_lookup_elem(&moved_ends, &zero);
	return ends && ends->any ? ends : NULL;
}

/* False where no file whose number ends so was moved. */
static __always_inline bool may_be_moved(const struct moved_ends *ends, __u64 number)
{
	return ends->seen[number & (MOVED_ENDS - 1)];
}

/* Whether the inode at `address` had a watched name. In a frame of its own: see names.h. */
__noinline int was_moved(__u64 address)
{
	struct inode *inode = (void *)address;
	struct moved_ends *ends = ends_of_moved();
	if (!ends || !may_be_moved(ends, BPF_CORE_READ(inode, i_ino)) ||
	    (BPF_CORE_READ(inode, i_mode) & FORMAT_MASK) != FORMAT_REGULAR)
		return 0;
	struct moved_key key = moved_key_of(inode);
	return bpf_map_lookup_elem(&moved, &key) != NULL;
}

#define MOVED_CUT 0x1000 /* beside the length */
#define MOVED_TRUSTED 0x2000

/* Puts that name to `at` of the scratch memory. Gives its length, with MOVED_…; 0 where it was forgotten meanwhile. */
__noinline int append_moved(__u32 at, __u64 address)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	struct moved_key key = moved_key_of((void *)address);
	struct moved_name *name = bpf_map_lookup_elem(&moved, &key);
	if (!scratch || !name || at > SCRATCH_BYTES - PATH_BYTES)
		return 0;
	__u32 length = name->length & 0xff;
	bpf_probe_read_kernel(&scratch->bytes[at], MOVED_PATH_BYTES, name->path);
	return length | (name->is_cut ? MOVED_CUT : 0) | (name->is_trusted ? MOVED_TRUSTED : 0);
}

#endif
