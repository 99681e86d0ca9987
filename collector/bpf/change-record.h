/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A part of record.h: what changes of names and modes are told as. */
#ifndef ATALAYA_CHANGE_RECORD_H
#define ATALAYA_CHANGE_RECORD_H

/* What a change_record is of: our own numbers, at most 31. */
enum change_call {
	CHANGE_RENAME = 1,
	CHANGE_LINK = 2,
	CHANGE_SYMLINK = 3,
	CHANGE_UNLINK = 4,
	CHANGE_MKDIR = 5,
	CHANGE_RMDIR = 6,
	CHANGE_CHMOD = 7,
	CHANGE_CHATTR = 8,
	CHANGE_CHMOD_SETID = 9, /* in settings alone: a chmod that gives set-user-id or set-group-id */
};

/*
 * A name or a mode that was changed, or should have been. Strings: path (of rename and link the old one, of symlink the
 * link), other path (of rename and link the new one; of symlink what it points to, as it was written). They are what the
 * caller wrote, behind the folder that it starts from; where FLAG_PATH_TRUSTED is set, the kernel's.
 */
struct change_record {
	struct record_head head;
	__u64 inode; /* of who is changed by a descriptor; else 0 */
	__u32 device;
	__u32 mode; /* that is asked for */
	__u32 change_flags; /* of the call; of chattr the file's flags (FS_…_FL) */
	__s32 error;
	__u32 call; /* enum change_call */
	__u32 flags; /* FLAG_PATH_TRUSTED, FLAG_PATH_CUT, FLAG_READ_FAULT */
	__u16 path_length;
	__u16 other_path_length;
	__u32 gap_at_end;
};
_Static_assert(sizeof(struct change_record) == 168, "change_record");

#endif
