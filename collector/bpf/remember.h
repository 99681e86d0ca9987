/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * After a file that is watched by its name, or below a watched start, was renamed or linked to a name that is not: which
 * file that is, and how it was called (moved.h). Who calls holds the scratch memory.
 */
#ifndef ATALAYA_REMEMBER_H
#define ATALAYA_REMEMBER_H

#include "change-text.h"
#include "moved.h"
#include "find.h"
#include "names.h"

/* Whether somebody asks for files by their names. */
static __always_inline bool watches_names(void)
{
	struct filter_settings *filter = filters();
	if (!filter || is_unasked(KIND_OPEN))
		return false;
	return filter->open_prefixes != 0 || filter->end_lengths != 0 || filter->open_lengths[0] != 0 ||
	       filter->open_lengths[1] != 0 || filter->open_lengths[2] != 0 || filter->open_lengths[3] != 0;
}

/* Whether the path of `size` bytes at the start of the scratch memory begins as a watched one does. */
__noinline int start_asked(void)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	if (!scratch)
		return 0;
	struct prefix_key key = { .bits = PREFIX_BYTES * 8 };
	bpf_probe_read_kernel(key.bytes, PREFIX_BYTES, scratch->bytes);
	__u32 *value = bpf_map_lookup_elem(&prefixes, &key);
	return value && (*value & PREFIX_FOR_OPEN) ? 1 : 0;
}

/*
 * Puts the parked path to the start of the scratch memory, a zero behind it: with the folder as the kernel knows it, where that is
 * found. Gives its length, with MOVED_TRUSTED then. `parked` is PARKED or OTHER_PARKED.
 */
__noinline int place_path(__u32 parked, __u32 size, int base_fd)
{
	__u32 zero = 0, flags = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	struct finding *finding = finding_state();
	if (!scratch || !finding)
		return 0;
	__u32 name = find_folder(parked, size, base_fd) & 0xff;
	if (name == 0) {
		if (parked == PARKED)
			return place(scratch, 0, PARKED, size, current_task(), base_fd, &flags) & (PATH_BYTES - 1);
		return place(scratch, 0, OTHER_PARKED, size, current_task(), base_fd, &flags) & (PATH_BYTES - 1);
	}
	__u32 folder = append_path(scratch, 0, finding->dentry, finding->mount + bpf_core_field_offset(struct mount, mnt), &flags);
	folder &= PATH_BYTES - 1;
	if (folder == 1) /* the root, which ends in the slash */
		folder = 0;
	scratch->bytes[folder] = '/';
	__u32 from = finding->at & 0x7fff;
	if (from > SCRATCH_BYTES - 256)
		return 0;
	barrier_var(name); /* bounded here: see change-text.h */
	name &= 0xff;
	bpf_probe_read_kernel(&scratch->bytes[folder + 1], name, &scratch->bytes[from]);
	scratch->bytes[folder + 1 + name] = 0;
	return ((folder + 1 + name) & (PATH_BYTES - 1)) | MOVED_TRUSTED;
}

/* Whether the file was watched by the parked path: by its last name, or by its start, which the other one does not have. */
static __always_inline bool leaves_watched(struct scratch *scratch, __u32 size, __u32 other_size, int base, int other_base)
{
	struct filter_settings *filter = filters();
	if (!filter)
		return false;
	if (path_watched(scratch, PARKED, size, NAME_FOR_OPEN))
		return true;
	if (filter->open_prefixes == 0)
		return false;
	place_path(OTHER_PARKED, other_size, other_base);
	if (start_asked())
		return false;
	place_path(PARKED, size, base);
	return start_asked();
}

/* Makes what is remembered out of the placed path. */
static __always_inline void fill_moved(struct scratch *scratch, struct moved_name *value, __u32 placed)
{
	__u32 length = placed & (PATH_BYTES - 1);
	__u32 from = 0;
	__builtin_memset(value, 0, sizeof(*value));
	value->is_trusted = (placed & MOVED_TRUSTED) != 0;
	if (length > MOVED_PATH_BYTES) {
		from = (length - MOVED_PATH_BYTES) & (PATH_BYTES - 1);
		length = MOVED_PATH_BYTES;
		value->is_cut = 1;
	}
	value->length = length;
	bpf_probe_read_kernel(value->path, MOVED_PATH_BYTES, &scratch->bytes[from]);
}

/* `path` and `other` are texts in user memory: how the file was called, and how it is called now (too). */
__noinline int remember_name(__u64 path, __u64 other, int base, int other_base)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	struct finding *finding = finding_state();
	struct moved_ends *ends = bpf_map_lookup_elem(&moved_ends, &zero);
	if (!scratch || !finding || !ends)
		return 0;
	__u32 size = park(scratch, PARKED, path);
	__u32 other_size = park(scratch, OTHER_PARKED, other);
	if (size == 0 || other_size == 0 || !leaves_watched(scratch, size, other_size, base, other_base))
		return 0;
	__u32 last = find_folder(OTHER_PARKED, other_size, other_base);
	struct dentry *dentry = last ? (void *)child_named(finding->dentry, last) : NULL;
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	if (!inode || (BPF_CORE_READ(inode, i_mode) & FORMAT_MASK) != FORMAT_REGULAR)
		return 0;
	struct moved_key key = moved_key_of(inode);
	fill_moved(scratch, &finding->value, place_path(PARKED, size, base));
	/* The first name stays: whoever moves it again, to another watched one, too. */
	bpf_map_update_elem(&moved, &key, &finding->value, BPF_NOEXIST);
	ends->seen[key.inode & (MOVED_ENDS - 1)] = 1;
	ends->any = 1;
	return 1;
}

#endif
