/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The folder that a relative path of user memory starts from. */
#ifndef ATALAYA_BASE_H
#define ATALAYA_BASE_H

#include "file.h"
#include "path.h"

#define CWD_FD -100 /* AT_FDCWD */

/* Appends it. Gives its length; 0 where it is not known. */
static __always_inline __u32 append_base(struct scratch *scratch, __u32 at, struct task_struct *task, int fd)
{
	__u32 flags = 0;
	if (fd == CWD_FD) {
		struct fs_struct *fs = OF(task, fs);
		__u64 dentry = (__u64)BPF_CORE_READ(fs, pwd.dentry);
		return append_path(scratch, at, dentry, (__u64)BPF_CORE_READ(fs, pwd.mnt), &flags);
	}
	struct file *file = file_of(task, fd);
	if (!file)
		return 0;
	__u64 dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	return append_path(scratch, at, dentry, (__u64)BPF_CORE_READ(file, f_path.mnt), &flags);
}

#endif
