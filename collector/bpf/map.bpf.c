// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Files that become code without being executed: `ld.so ./program`, LD_PRELOAD, dlopen. Told where the file cannot be the
 * image's: in the upper layer of an overlay, in memory, deleted, or on another file system than a root that is an overlay.
 */
#include "budget.h"
#include "file.h"
#include "path.h"
#include "strays.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PROT_EXEC_BIT 4
#define TMPFS_MAGIC 0x01021994
#define ERRORS_FROM ((unsigned long)-4095)

/* Since Linux 6.8 what an overlay maps is a file of the layer below, in a structure that remembers the one that was opened. */
struct backing_file___atalaya {
	struct file file;
	struct path user_path;
} __attribute__((preserve_access_index));

#define MOUNT_OF_THE_KERNEL (-22L) /* MNT_NS_INTERNAL */

/*
 * The bit that says so is no type that the kernel describes, and stable series moved it: 6.12.117 has that of 6.14. So it is
 * the structures that are asked. An overlay opens what lies below in a mount of its own, which is in no namespace, and so is
 * else only what has no name (a memfd); and behind another file is no dentry with a mount of its file system.
 */
static __always_inline bool is_backing(struct backing_file___atalaya *backing)
{
	if (!bpf_core_field_exists(backing->user_path))
		return false;
	struct super_block *system = BPF_CORE_READ(backing, user_path.dentry, d_sb);
	if (!system || system != BPF_CORE_READ(backing, user_path.mnt, mnt_sb))
		return false;
	struct file *file = (struct file *)backing;
	struct mount *mount = (void *)BPF_CORE_READ(file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
	return (long)BPF_CORE_READ(mount, mnt_ns) == MOUNT_OF_THE_KERNEL && !is_memfd(BPF_CORE_READ(file, f_path.dentry));
}

/* The file as its user sees it, whatever lies below. */
struct seen_file {
	struct dentry *dentry;
	struct vfsmount *mount;
	struct inode *inode;
	unsigned long magic;
	__u32 flags;
};

static __always_inline struct seen_file seen_of(struct file *file)
{
	struct seen_file seen = {};
	struct backing_file___atalaya *backing = (void *)file;
	if (is_backing(backing)) {
		seen.dentry = BPF_CORE_READ(backing, user_path.dentry);
		seen.mount = BPF_CORE_READ(backing, user_path.mnt);
	} else {
		seen.dentry = BPF_CORE_READ(file, f_path.dentry);
		seen.mount = BPF_CORE_READ(file, f_path.mnt);
	}
	struct dentry *dentry = seen.dentry;
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	seen.inode = inode;
	seen.magic = BPF_CORE_READ(inode, i_sb, s_magic);
	if (in_upper_layer(inode))
		seen.flags |= FLAG_UPPER_LAYER;
	if (is_memfd(dentry))
		seen.flags |= FLAG_MEMFD;
	else if (BPF_CORE_READ(inode, i_nlink) == 0)
		seen.flags |= FLAG_DELETED;
	return seen;
}

static __always_inline bool is_image_file(const struct seen_file *seen, struct task_struct *task)
{
	if (seen->flags & (FLAG_UPPER_LAYER | FLAG_MEMFD | FLAG_DELETED))
		return false;
	if (seen->magic == TMPFS_MAGIC)
		return false;
	struct fs_struct *fs = OF(task, fs);
	return seen->magic == OVERLAYFS_SUPER_MAGIC ||
	       BPF_CORE_READ(fs, root.dentry, d_sb, s_magic) != OVERLAYFS_SUPER_MAGIC;
}

static __always_inline void report_map(struct scratch *scratch, struct task_struct *task, const struct seen_file *seen,
				       __u32 protection, struct count_slot *count)
{
	struct map_record *record = &scratch->map;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_MAP, 0, task);
	struct inode *inode = seen->inode;
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->device = device_of(inode);
	record->protection = protection;
	__u32 flags = seen->flags;
	__u32 length = append_path(scratch, sizeof(*record), (__u64)seen->dentry, (__u64)seen->mount, &flags);
	record->flags = flags;
	record->path_length = length;
	submit(&bulk, scratch, sizeof(*record) + length, count);
}

static __always_inline void mapped(struct task_struct *task, struct file *file, __u32 protection)
{
	struct count_slot *count = count_of(KIND_MAP);
	if (!count || !file)
		return;
	count->attempted++;
	if (is_unasked(KIND_MAP) || is_hosts_alone(KIND_MAP)) {
		count->filtered++;
		return;
	}
	struct seen_file seen = seen_of(file);
	if (is_ignored(task) || is_image_file(&seen, task)) {
		count->filtered++;
		return;
	}
	if (!has_budget(task, KIND_MAP, 0, count))
		return;
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return;
	report_map(scratch, task, &seen, protection, count);
	scratch_give(scratch);
}

static __always_inline int made_code_of(__u32 protection, int fd)
{
	if (!(protection & PROT_EXEC_BIT))
		return 0;
	struct task_struct *task = current_task();
	mapped(task, file_of(task, fd), protection);
	return 0;
}

static __always_inline int made_code(struct ended_call *ended)
{
	if ((unsigned long)ended->result >= ERRORS_FROM || !has_arguments(ended))
		return 0;
	return made_code_of(argument(ended, 2), argument(ended, 4));
}

AT_EXIT_64(mmap, exit_mmap, made_code)
AT_EXIT_32(sys_mmap_pgoff, exit_mmap, made_code)

#ifdef AT_32_BIT_FUNCTIONS
/* The oldest mmap has its arguments in user memory. */
static __always_inline int made_code_by_old_mmap(struct ended_call *ended)
{
	__u32 arguments[5] = {}; /* struct mmap_arg_struct32 */
	if ((unsigned long)ended->result >= ERRORS_FROM || !has_arguments(ended) ||
	    bpf_probe_read_user(arguments, sizeof(arguments), (void *)argument(ended, 0)))
		return 0;
	return made_code_of(arguments[2], arguments[4]);
}
#endif

AT_EXIT_32(compat_sys_ia32_mmap, exit_old_mmap, made_code_by_old_mmap)

struct found_file {
	struct file *file;
};

static long find_file(struct task_struct *task, struct vm_area_struct *area, struct found_file *found)
{
	(void)task;
	found->file = area->vm_file;
	return 0;
}

/* What was mapped to be read is made code afterwards. */
static __always_inline int made_code_later(struct ended_call *ended)
{
	if (ended->result != 0 || !has_arguments(ended))
		return 0;
	__u32 protection = argument(ended, 2);
	if (!(protection & PROT_EXEC_BIT))
		return 0;
	struct task_struct *task = current_task();
	struct found_file found = {};
	bpf_find_vma(task, argument(ended, 0), find_file, &found, 0);
	mapped(task, found.file, protection);
	return 0;
}

AT_EXIT(mprotect, exit_mprotect, made_code_later)
