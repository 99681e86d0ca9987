/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The arguments of a system call at its exit: the registers saved at entry, which no other thread can change.
 * Hooks at entry would tax every call, and what they read of user memory is a race.
 */
#ifndef ATALAYA_SYSCALL_H
#define ATALAYA_SYSCALL_H

#include "maps.h"

/* THREAD_SIZE of x86-64, and of arm64 with pages of 4 or 16 KiB (arch/…/include/asm/). */
#define KERNEL_STACK_BYTES 16384

/* The registers lie at the top of the task's kernel stack; since Linux 5.15 a helper knows where. */
static __always_inline struct pt_regs *saved_registers(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (struct pt_regs *)bpf_task_pt_regs(task);
	__u64 stack = (__u64)OF(task, stack);
	return (struct pt_regs *)(stack + KERNEL_STACK_BYTES - bpf_core_type_size(struct pt_regs));
}

/* A call that ends. */
struct ended_call {
	long result;
	struct pt_regs *registers; /* NULL until they are asked for */
};

/* To be asked before argument(): false where the registers are not known. */
static __always_inline bool has_arguments(struct ended_call *ended)
{
	if (!ended->registers)
		ended->registers = saved_registers(current_task());
	return ended->registers != NULL;
}

/* An argument, counted from 0; 0 for what is none. `index` is a constant of each program. */
static __always_inline __u64 argument(const struct ended_call *ended, int index)
{
	struct pt_regs *registers = ended->registers;
	switch (index) {
	case 0:
		return PT_REGS_PARM1_CORE_SYSCALL(registers);
	case 1:
		return PT_REGS_PARM2_CORE_SYSCALL(registers);
	case 2:
		return PT_REGS_PARM3_CORE_SYSCALL(registers);
	case 3:
		return PT_REGS_PARM4_CORE_SYSCALL(registers);
	case 4:
		return PT_REGS_PARM5_CORE_SYSCALL(registers);
	default:
		return 0;
	}
}

/* The error that a call ended with, as a negative number, or 0. */
static __always_inline long error_of(const struct ended_call *ended)
{
	return ended->result < 0 ? ended->result : 0;
}

/* What runs when a call ends: `body(&ended, ...)`. */
#define AT_EXIT(call, program, body, ...)                                             \
	SEC("tp/syscalls/sys_exit_" #call)                                            \
	int program(struct trace_event_raw_sys_exit *ctx)                             \
	{                                                                             \
		struct ended_call ended = { .result = ctx->ret };                     \
		return body(&ended, ##__VA_ARGS__);                                   \
	}

#endif
