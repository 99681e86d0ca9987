/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which map, program or link a bpf(2) was about, by the descriptor that it gave or was given. */
#ifndef ATALAYA_TOUCHED_H
#define ATALAYA_TOUCHED_H

#include "file.h"

/* enum own_kind of map-values.h; 0 for a file that is none of them. */
static __always_inline __u32 kind_of_object(struct file *file)
{
	/* No path: the file's only name is what kind of object it is. */
	char name[8] = {};
	const unsigned char *from = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != ANONYMOUS_FILES)
		return 0;
	bpf_probe_read_kernel(name, 7, from);
	if (name[0] != 'b' || name[1] != 'p' || name[2] != 'f')
		return 0;
	if (name[4] == 'm')
		return OWN_MAP;
	return name[4] == 'p' ? OWN_PROGRAM : name[4] == 'l' ? OWN_LINK : 0;
}

static __always_inline bool object_key(struct file *file, struct own_object_key *key)
{
	void *object = BPF_CORE_READ(file, private_data);
	key->kind = kind_of_object(file);
	if (key->kind == OWN_MAP)
		key->id = BPF_CORE_READ((struct bpf_map *)object, id);
	else if (key->kind == OWN_PROGRAM)
		key->id = BPF_CORE_READ((struct bpf_prog *)object, aux, id);
	else if (key->kind == OWN_LINK)
		key->id = BPF_CORE_READ((struct bpf_link *)object, id);
	return key->kind != 0;
}

static __always_inline int user_number(__u64 from)
{
	int number = -1;
	if (bpf_probe_read_user(&number, sizeof(number), (void *)from))
		return -1;
	return number;
}

#define MAP_OF_BATCH 36 /* where the descriptor of the map lies in a batch's attributes */

/*
 * The descriptor, or -1 for a command that says nothing here (a look into a map: whoever looks has opened it). Of those that
 * open, only what was opened; of those that change, refused ones, too.
 */
static __always_inline int touched_fd(__u32 command, __u64 attributes, long result)
{
	switch (command) {
	case 7: /* BPF_OBJ_GET */
	case 13: /* BPF_PROG_GET_FD_BY_ID */
	case 14: /* BPF_MAP_GET_FD_BY_ID */
	case 30: /* BPF_LINK_GET_FD_BY_ID */
		return result < 0 ? -1 : result;
	case 2: /* BPF_MAP_UPDATE_ELEM */
	case 3: /* BPF_MAP_DELETE_ELEM */
	case 21: /* BPF_MAP_LOOKUP_AND_DELETE_ELEM */
	case 22: /* BPF_MAP_FREEZE */
	case 29: /* BPF_LINK_UPDATE */
	case 34: /* BPF_LINK_DETACH */
		return user_number(attributes);
	case 25: /* BPF_MAP_LOOKUP_AND_DELETE_BATCH */
	case 26: /* BPF_MAP_UPDATE_BATCH */
	case 27: /* BPF_MAP_DELETE_BATCH */
		return user_number(attributes + MAP_OF_BATCH);
	default:
		return -1;
	}
}

#endif
