// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls that few programs have a use for: into other processes, into other namespaces, to other users, into the kernel.
 * At their exit, when they succeeded, with the arguments of the registers saved at entry; a text that an argument points
 * to is read of user memory then, and may have been changed since. Nobody gets these records unasked
 * (filter_settings.rare_calls).
 */
#include "budget.h"
#include "syscall.h"
#include "task.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NO_TEXT (-1)
#define CALL_BUDGET_SHIFT 16 /* each call has a budget of its own */

/* Of these two most calls say nothing of what they are about: reads and steps of a debugger, look-ups in maps. */
static __always_inline bool is_telling_trace(__u64 request)
{
	switch (request) {
	case 0: /* PTRACE_TRACEME */
	case 4: /* PTRACE_POKETEXT */
	case 5: /* PTRACE_POKEDATA */
	case 6: /* PTRACE_POKEUSR */
	case 13: /* PTRACE_SETREGS */
	case 15: /* PTRACE_SETFPREGS */
	case 16: /* PTRACE_ATTACH */
	case 0x4205: /* PTRACE_SETREGSET */
	case 0x4206: /* PTRACE_SEIZE */
		return true;
	default:
		return false;
	}
}

static __always_inline bool is_telling_bpf(__u64 command)
{
	/* BPF_PROG_LOAD, BPF_PROG_ATTACH, BPF_RAW_TRACEPOINT_OPEN, BPF_LINK_CREATE */
	return command == 5 || command == 8 || command == 17 || command == 28;
}

static __always_inline bool is_telling(__u32 call, __u64 first)
{
	if (call == CALL_PTRACE)
		return is_telling_trace(first);
	return call != CALL_BPF || is_telling_bpf((__u32)first);
}

static __always_inline bool call_wanted(__u32 call)
{
	struct filter_settings *filter = filters();
	return filter && (filter->rare_calls >> (call & 63)) & 1;
}

/* Whether it is to be reported; counted where not. */
static __always_inline bool is_due(__u32 call, struct task_struct *task, struct count_slot *count)
{
	count->attempted++;
	if (!call_wanted(call) || is_ignored(task)) {
		count->filtered++;
		return false;
	}
	struct cgroup_ids ids = cgroups_of(task);
	if (!within_budget(&ids, KIND_CALL | (call << CALL_BUDGET_SHIFT), bpf_ktime_get_boot_ns())) {
		count->throttled++;
		return false;
	}
	return true;
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

static __always_inline void report(struct scratch *scratch, struct task_struct *task, struct pt_regs *registers,
				   __u32 call, int text_at, long result, struct count_slot *count)
{
	struct call_record *record = &scratch->call;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_CALL, 0, task);
	record->arguments[0] = PT_REGS_PARM1_CORE_SYSCALL(registers);
	record->arguments[1] = PT_REGS_PARM2_CORE_SYSCALL(registers);
	record->arguments[2] = PT_REGS_PARM3_CORE_SYSCALL(registers);
	record->arguments[3] = PT_REGS_PARM4_CORE_SYSCALL(registers);
	record->arguments[4] = PT_REGS_PARM5_CORE_SYSCALL(registers);
	record->result = result;
	record->call = call;
	__u32 length = text_at == NO_TEXT ? 0 : append_text(scratch, record->arguments[text_at], count);
	record->text_length = length;
	submit(&bulk, scratch, sizeof(*record) + length, count);
}

/* `call` and `text_at` (which argument points to a text) are constants. */
static __always_inline int called(long result, __u32 call, int text_at)
{
	if (result < 0)
		return 0;
	struct task_struct *task = current_task();
	struct pt_regs *registers = saved_registers(task);
	struct count_slot *count = count_of(KIND_CALL);
	if (!registers || !count || !is_telling(call, PT_REGS_PARM1_CORE_SYSCALL(registers)) || !is_due(call, task, count))
		return 0;
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	report(scratch, task, registers, call, text_at, result, count);
	scratch_give(scratch);
	return 0;
}

#define EXIT_PROGRAM(name, call, text_at)                                             \
	SEC("tp/syscalls/sys_exit_" #name)                                            \
	int exit_##name(struct trace_event_raw_sys_exit *ctx)                         \
	{                                                                             \
		return called(ctx->ret, call, text_at);                               \
	}

EXIT_PROGRAM(ptrace, CALL_PTRACE, NO_TEXT)
EXIT_PROGRAM(process_vm_readv, CALL_PROCESS_VM_READV, NO_TEXT)
EXIT_PROGRAM(process_vm_writev, CALL_PROCESS_VM_WRITEV, NO_TEXT)
EXIT_PROGRAM(pidfd_getfd, CALL_PIDFD_GETFD, NO_TEXT)
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
