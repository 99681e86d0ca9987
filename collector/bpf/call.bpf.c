// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls that few programs have a use for: into other processes, into other namespaces, to other users, into the kernel.
 * At their exit, when they succeeded, with the arguments of the registers saved at entry; a text that an argument points
 * to is read of user memory then, and may have been changed since. Nobody gets these records unasked
 * (filter_settings.rare_calls).
 */
#include "budget.h"
#include "file.h"
#include "path.h"
#include "socket.h"
#include "strays.h"
#include "syscall.h"
#include "task.h"
#include "telling.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NO_TEXT (-1)
#define NUMBERS_16 (-4) /* none: the arguments are numbers of users or groups, of 16 bits */
#define FILE_OF_FIRST (-2) /* the path of the file that the first argument is a descriptor of */
#define FILE_OF_RESULT (-3) /* of the descriptor that the call gave */

static __always_inline bool call_wanted(__u32 call)
{
	struct filter_settings *filter = filters();
	if (!filter || !((filter->rare_calls >> (call & 63)) & 1))
		return false;
	return !((filter->calls_containers_only >> (call & 63)) & 1) || !is_surely_hosts();
}

/* Whether it is to be reported; counted where not. */
static __always_inline bool is_due(__u32 call, struct task_struct *task, struct count_slot *count)
{
	count->attempted++;
	if (!call_wanted(call) || is_ignored(task)) {
		count->filtered++;
		return false;
	}
	return has_budget(task, KIND_CALL, call, count);
}

/* Appends the text that an argument points to. Gives its length. */
static __always_inline __u32 append_text(struct scratch *scratch, __u64 from, struct count_slot *count)
{
	struct call_record *record = &scratch->call;
	long got = bpf_probe_read_user_str(&scratch->bytes[sizeof(*record)], PATH_BYTES, (void *)from);
	if (got < 1) {
		record->flags |= FLAG_READ_FAULT;
		count->read_fault++;
		return 0;
	}
	return (got - 1) & (PATH_BYTES - 1);
}

#define SET_TEXT 1 /* FSCONFIG_SET_STRING */
#define SOURCE_KEY 0x656372756f73ULL /* "source" as a number, the zero behind it included: both machines are little-endian */
#define SOURCE_KEY_BYTES 6
#define MOUNT_CHANGE_BYTES 24 /* attr_set, attr_clr, propagation */

/* Whether the key that was read says from where a file system comes: the values of others may be secrets. */
static __always_inline bool is_source(struct scratch *scratch, __u32 length)
{
	__u64 key = 0;
	bpf_probe_read_kernel(&key, SOURCE_KEY_BYTES, &scratch->bytes[sizeof(struct call_record)]);
	return length == SOURCE_KEY_BYTES && key == SOURCE_KEY;
}

/* Appends what fsconfig sets, or mount_setattr changes, behind the text of `length` bytes. Gives its length. */
static __always_inline __u32 append_value(struct scratch *scratch, __u32 call, __u32 length, struct count_slot *count)
{
	struct call_record *record = &scratch->call;
	void *from = (void *)record->arguments[3];
	__u32 at = sizeof(*record) + (length & (PATH_BYTES - 1));
	long got = 0;
	if (call == CALL_MOUNT_SETATTR) {
		if (!bpf_probe_read_user(&scratch->bytes[at], MOUNT_CHANGE_BYTES, from))
			return MOUNT_CHANGE_BYTES;
	} else {
		if ((__u32)record->arguments[1] != SET_TEXT || !is_source(scratch, length))
			return 0;
		got = bpf_probe_read_user_str(&scratch->bytes[at], PATH_BYTES, from);
		if (got >= 1)
			return (got - 1) & (PATH_BYTES - 1);
	}
	count->read_fault++;
	return 0;
}

/* The same of a file's path, in the kernel. */
static __always_inline __u32 append_file(struct scratch *scratch, struct task_struct *task, int fd)
{
	struct call_record *record = &scratch->call;
	struct file *file = file_of(task, fd);
	if (!file) {
		record->flags |= FLAG_READ_FAULT;
		return 0;
	}
	return append_path(scratch, sizeof(*record), (__u64)BPF_CORE_READ(file, f_path.dentry),
			   (__u64)BPF_CORE_READ(file, f_path.mnt), &record->flags);
}

/* As the kernel reads them: what is above 16 bits does not count, and all ones mean none. */
static __always_inline void cut_numbers(struct call_record *record)
{
	for (int i = 0; i < 3; i++) {
		__u64 number = record->arguments[i] & 0xffff;
		record->arguments[i] = number == 0xffff ? 0xffffffff : number;
	}
}

#define PIDFD_FILES 0x50494446 /* pidfs, since Linux 6.9 */

/* Whom a descriptor stands for: an id of the node. 0 where it is a folder of /proc. */
static __always_inline __u32 pid_of_descriptor(struct task_struct *task, int fd)
{
	struct file *file = file_of(task, fd);
	if (!file)
		return 0;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	unsigned long magic = BPF_CORE_READ(inode, i_sb, s_magic);
	struct pid *pid = NULL;
	if (magic == PIDFD_FILES)
		pid = BPF_CORE_READ(inode, i_private);
	else if (magic == ANONYMOUS_FILES)
		pid = BPF_CORE_READ(file, private_data);
	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

static __always_inline void report(struct scratch *scratch, struct task_struct *task, const struct ended_call *ended,
				   __u32 call, int text_at, struct count_slot *count)
{
	struct call_record *record = &scratch->call;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_CALL, 0, task);
	for (int i = 0; i < 5; i++)
		record->arguments[i] = argument(ended, i);
	if (call == CALL_PIDFD_SEND_SIGNAL) /* which has four of its own */
		record->arguments[4] = pid_of_descriptor(task, record->arguments[0]);
	if (call == CALL_PIDFD_GETFD) { /* three */
		record->arguments[3] = stream_kind(task, ended->result);
		record->arguments[4] = pid_of_descriptor(task, record->arguments[0]);
	}
	record->result = ended->result;
	record->call = call;
	if (text_at == NUMBERS_16)
		cut_numbers(record);
	__u32 length = 0;
	if (text_at == FILE_OF_FIRST)
		length = append_file(scratch, task, record->arguments[0]);
	else if (text_at == FILE_OF_RESULT)
		length = append_file(scratch, task, ended->result);
	else if (text_at != NO_TEXT && text_at != NUMBERS_16)
		length = append_text(scratch, record->arguments[text_at], count);
	record->text_length = length;
	if (call == CALL_FSCONFIG || call == CALL_MOUNT_SETATTR) {
		__u32 value = append_value(scratch, call, length, count);
		record->value_length = value;
		length += value;
	}
	submit(&bulk, scratch, sizeof(*record) + length, count);
}

/* `call` and `text_at` (which argument points to a text) are constants. */
static __always_inline int called(struct ended_call *ended, __u32 call, int text_at)
{
	if (ended->result < 0)
		return 0;
	struct task_struct *task = current_task();
	struct count_slot *count = count_of(KIND_CALL);
	if (!count || !has_arguments(ended) || !is_telling(call, task, ended) || !is_due(call, task, count))
		return 0;
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	report(scratch, task, ended, call, text_at, count);
	scratch_give(scratch);
	return 0;
}

/* open_tree, and with attributes mount_setattr of what it opened: told as both. */
static __always_inline int opened_tree(struct ended_call *ended)
{
	called(ended, CALL_OPEN_TREE, 1);
	return has_arguments(ended) && argument(ended, 3) ? called(ended, CALL_MOUNT_SETATTR, 1) : 0;
}

#define EXIT_PROGRAM(name, call, text_at) AT_EXIT(name, exit_##name, called, call, text_at)

AT_EXIT_COMPAT(ptrace, exit_ptrace, called, CALL_PTRACE, NO_TEXT)
EXIT_PROGRAM(process_vm_readv, CALL_PROCESS_VM_READV, NO_TEXT)
EXIT_PROGRAM(process_vm_writev, CALL_PROCESS_VM_WRITEV, NO_TEXT)
EXIT_PROGRAM(pidfd_getfd, CALL_PIDFD_GETFD, FILE_OF_RESULT)
EXIT_PROGRAM(memfd_create, CALL_MEMFD_CREATE, 0)
EXIT_PROGRAM(setns, CALL_SETNS, NO_TEXT)
EXIT_PROGRAM(unshare, CALL_UNSHARE, NO_TEXT)
EXIT_PROGRAM(mount, CALL_MOUNT, 1)
EXIT_PROGRAM(umount, CALL_UMOUNT, 0)
EXIT_PROGRAM(move_mount, CALL_MOVE_MOUNT, 3)
EXIT_PROGRAM(pivot_root, CALL_PIVOT_ROOT, 0)
EXIT_PROGRAM(chroot, CALL_CHROOT, 0)
EXIT_PROGRAM(bpf, CALL_BPF, NO_TEXT)
EXIT_PROGRAM(userfaultfd, CALL_USERFAULTFD, NO_TEXT)
EXIT_PROGRAM(perf_event_open, CALL_PERF_EVENT_OPEN, NO_TEXT)
EXIT_PROGRAM(setuid, CALL_SETUID, NO_TEXT)
EXIT_PROGRAM(setgid, CALL_SETGID, NO_TEXT)
EXIT_PROGRAM(setresuid, CALL_SETRESUID, NO_TEXT)
EXIT_PROGRAM(setresgid, CALL_SETRESGID, NO_TEXT)
EXIT_PROGRAM(kill, CALL_KILL, NO_TEXT)
EXIT_PROGRAM(tkill, CALL_TKILL, NO_TEXT)
EXIT_PROGRAM(tgkill, CALL_TGKILL, NO_TEXT)
EXIT_PROGRAM(pidfd_send_signal, CALL_PIDFD_SEND_SIGNAL, NO_TEXT)
EXIT_PROGRAM(capset, CALL_CAPSET, NO_TEXT)
AT_EXIT_COMPAT(keyctl, exit_keyctl, called, CALL_KEYCTL, NO_TEXT)
EXIT_PROGRAM(add_key, CALL_ADD_KEY, 1)
EXIT_PROGRAM(request_key, CALL_REQUEST_KEY, 1)
EXIT_PROGRAM(init_module, CALL_INIT_MODULE, 2)
EXIT_PROGRAM(finit_module, CALL_FINIT_MODULE, FILE_OF_FIRST)
EXIT_PROGRAM(delete_module, CALL_DELETE_MODULE, 0)
EXIT_PROGRAM(fsopen, CALL_FSOPEN, 0)
EXIT_PROGRAM(fsmount, CALL_FSMOUNT, NO_TEXT)
EXIT_PROGRAM(fsconfig, CALL_FSCONFIG, 2)
EXIT_PROGRAM(open_tree, CALL_OPEN_TREE, 1)
EXIT_PROGRAM(mount_setattr, CALL_MOUNT_SETATTR, 1)
AT_EXIT(open_tree_attr, exit_open_tree_attr, opened_tree)

/* The same deeds by calls of other names, whose arguments stand at the same places: told as what they do. */
EXIT_PROGRAM(setreuid, CALL_SETRESUID, NO_TEXT)
EXIT_PROGRAM(setregid, CALL_SETRESGID, NO_TEXT)
AT_EXIT_COMPAT(rt_sigqueueinfo, exit_rt_sigqueueinfo, called, CALL_KILL, NO_TEXT)
AT_EXIT_COMPAT(rt_tgsigqueueinfo, exit_rt_tgsigqueueinfo, called, CALL_TGKILL, NO_TEXT)

/* The numbers of 16 bits that 32-bit programs may give. */
AT_EXIT_32(sys_setuid16, exit_setuid16, called, CALL_SETUID, NUMBERS_16)
AT_EXIT_32(sys_setgid16, exit_setgid16, called, CALL_SETGID, NUMBERS_16)
AT_EXIT_32(sys_setresuid16, exit_setresuid16, called, CALL_SETRESUID, NUMBERS_16)
AT_EXIT_32(sys_setresgid16, exit_setresgid16, called, CALL_SETRESGID, NUMBERS_16)
AT_EXIT_32(sys_setreuid16, exit_setreuid16, called, CALL_SETRESUID, NUMBERS_16)
AT_EXIT_32(sys_setregid16, exit_setregid16, called, CALL_SETRESGID, NUMBERS_16)
