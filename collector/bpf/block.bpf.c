// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Refuses an execution with EPERM where block.h says that it is to be blocked: whoever called is told, and goes on as what it
 * was. Where the kernel has no BPF LSM, or has it switched off, nothing calls this, and process_exec ends the program instead.
 *
 * bprm_creds_from_file is called once an execution, when the file that will run is known (the interpreter of a script), and
 * before the point from which nothing can be refused any more. What runs afterwards passes process_exec, which judges again.
 */
#include "block.h"
#include "exec.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define REFUSED_WITH -1 /* EPERM */

/* Where the caller keeps its list of arguments; NULL for calls of other widths, and where the kernel itself starts a program. */
static __always_inline void *user_arguments(struct task_struct *task)
{
	struct pt_regs *registers = saved_registers(task);
	if (!registers)
		return NULL;
#if defined(__TARGET_ARCH_arm64)
	__u64 call = (__u32)BPF_CORE_READ(registers, syscallno);
	bool is_at = call == 281; /* execveat, execve: include/uapi/asm-generic/unistd.h */
	bool is_known = is_at || call == 221;
#else
	__u64 call = BPF_CORE_READ(registers, orig_ax);
	bool is_at = call == 322; /* execveat, execve: arch/x86/entry/syscalls/syscall_64.tbl */
	bool is_known = is_at || call == 59;
#endif
	if (!is_known)
		return NULL;
	if (is_at)
		return (void *)PT_REGS_PARM3_CORE_SYSCALL(registers);
	return (void *)PT_REGS_PARM2_CORE_SYSCALL(registers);
}

/*
 * The new program's stack cannot be read yet: the arguments come from the caller's memory, of which the kernel has just made
 * its own copy. Another thread could have changed them since. Gives the new end.
 */
static __always_inline __u32 append_user_args(struct scratch *scratch, __u32 at, struct task_struct *task)
{
	struct exec_record *record = &scratch->exec;
	__u64 list = (__u64)user_arguments(task);
	__u32 from = at;
	bool is_whole = false;
	for (int i = 0; list && i < USER_ARGS_MAX; i++) {
		__u64 text = 0;
		if (bpf_probe_read_user(&text, sizeof(text), (void *)(list + i * sizeof(text)))) {
			record->flags |= FLAG_READ_FAULT;
			break;
		}
		if (!text) {
			is_whole = true;
			break;
		}
		if (at > SCRATCH_BYTES - USER_ARG_BYTES || at - from > ARGS_HEAD_BYTES - USER_ARG_BYTES)
			break;
		long got = bpf_probe_read_user_str(&scratch->bytes[at], USER_ARG_BYTES, (void *)text);
		if (got <= 0) {
			record->flags |= FLAG_READ_FAULT;
			break;
		}
		at += (__u32)got & (2 * USER_ARG_BYTES - 1);
		if (got == USER_ARG_BYTES)
			break; /* cut, perhaps */
	}
	__u32 length = at - from;
	record->args_head_length = length;
	record->args_total = is_whole ? length : length + 1;
	return at;
}

/* As process_exec says it of a program that was killed, with who called as the process. */
static __always_inline void tell_refused(struct task_struct *task, struct linux_binprm *bprm, struct file *exe)
{
	struct count_slot *count = count_of(KIND_EXEC);
	if (!count)
		return;
	count->attempted++;
	struct scratch *scratch = is_read(count) ? scratch_take(count) : NULL;
	if (!scratch)
		return;
	struct exec_record *record = &scratch->exec;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_EXEC, 0, task);
	record->argc = bprm->argc;
	record->flags |= FLAG_BLOCKED | FLAG_REFUSED;
	struct fs_struct *fs = OF(task, fs);
	fill_exe(record, exe, fs);
	fill_streams(record, task);
	fill_standing(record, task);
	__u32 at = append_names(scratch, sizeof(*record), bprm);
	at = append_exe_and_cwd(scratch, at, exe, fs);
	at = append_user_args(scratch, at, task);
	if (record->flags & FLAG_READ_FAULT)
		count->read_fault++;
	output(&lifecycle, scratch, at, count);
	scratch_give(scratch);
}

SEC("lsm/bprm_creds_from_file")
int BPF_PROG(refuse_exec, struct linux_binprm *bprm)
{
	struct task_struct *task = current_task();
	struct file *exe = bprm->file;
	if (judge_exec(task, exe) != FLAG_BLOCKED)
		return 0;
	tell_refused(task, bprm, exe);
	return REFUSED_WITH;
}
