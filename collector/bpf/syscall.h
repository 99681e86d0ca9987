/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A system call at its exit: its result, and its arguments from the registers saved at entry, which no other thread can change.
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
	bool is_32_bit; /* a constant of each program */
};

/* To be asked before argument(): false where the registers are not known. */
static __always_inline bool has_arguments(struct ended_call *ended)
{
	if (!ended->registers)
		ended->registers = saved_registers(current_task());
	return ended->registers != NULL;
}

#ifdef __TARGET_ARCH_x86
/* Of a 32-bit call the upper halves are nobody's: 64-bit code that makes one by `int 0x80` may leave anything there. */
static __always_inline __u32 argument_of_32(struct pt_regs *registers, int index)
{
	switch (index) {
	case 0:
		return BPF_CORE_READ(registers, bx);
	case 1:
		return BPF_CORE_READ(registers, cx);
	case 2:
		return BPF_CORE_READ(registers, dx);
	case 3:
		return BPF_CORE_READ(registers, si);
	case 4:
		return BPF_CORE_READ(registers, di);
	default:
		return 0;
	}
}
#endif

/* An argument, counted from 0; 0 for what is none. `index` is a constant of each program. */
static __always_inline __u64 argument(const struct ended_call *ended, int index)
{
	struct pt_regs *registers = ended->registers;
#ifdef __TARGET_ARCH_x86
	if (ended->is_32_bit)
		return argument_of_32(registers, index);
#endif
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

/*
 * What runs when a call ends: `body(&ended, ...)`. Each object with such programs is built for each place where they can hang
 * (docs/decisions/0037):
 *
 *                      tracepoint         function (AT_FUNCTIONS)   32-bit function (AT_32_BIT_FUNCTIONS, x86)
 *   AT_EXIT            sys_exit_CALL      __x64_sys_CALL            __ia32_sys_CALL
 *   AT_EXIT_COMPAT     the same           the same                  __ia32_compat_sys_CALL
 *   AT_EXIT_64         the same           the same                  none
 *   AT_EXIT_32         none               none                      __ia32_FUNCTION
 *
 * Programs at functions are called PROGRAM_fexit, and PROGRAM_ia32.
 */
#define AT_TRACEPOINT(call, program, body, ...)                                       \
	SEC("tp/syscalls/sys_exit_" #call)                                            \
	int program(struct trace_event_raw_sys_exit *ctx)                             \
	{                                                                             \
		struct ended_call ended = { .result = ctx->ret };                     \
		return body(&ended, ##__VA_ARGS__);                                   \
	}

/* Behind the function's one argument lies what it gave. The argument is the saved registers, and left alone: Linux 5.10 knows no type of it. */
#define AT_FUNCTION(function, program, is_32, body, ...)                              \
	SEC("fexit/" function)                                                        \
	int program(unsigned long long *ctx)                                          \
	{                                                                             \
		struct ended_call ended = { .result = ctx[1], .is_32_bit = is_32 };   \
		return body(&ended, ##__VA_ARGS__);                                   \
	}

#define NOWHERE(...)

#ifdef __TARGET_ARCH_x86
#define FUNCTION_OF(call) "__x64_sys_" #call
#else
#define FUNCTION_OF(call) "__arm64_sys_" #call
#endif

#if defined(AT_32_BIT_FUNCTIONS)
#define AT_EXIT(call, program, ...) AT_FUNCTION("__ia32_sys_" #call, program##_ia32, true, __VA_ARGS__)
#define AT_EXIT_COMPAT(call, program, ...) AT_FUNCTION("__ia32_compat_sys_" #call, program##_ia32, true, __VA_ARGS__)
#define AT_EXIT_64 NOWHERE
#define AT_EXIT_32(function, program, ...) AT_FUNCTION("__ia32_" #function, program##_ia32, true, __VA_ARGS__)
#elif defined(AT_FUNCTIONS)
#define AT_EXIT(call, program, ...) AT_FUNCTION(FUNCTION_OF(call), program##_fexit, false, __VA_ARGS__)
#define AT_EXIT_COMPAT AT_EXIT
#define AT_EXIT_64 AT_EXIT
#define AT_EXIT_32 NOWHERE
#else
#define AT_EXIT AT_TRACEPOINT
#define AT_EXIT_COMPAT AT_TRACEPOINT
#define AT_EXIT_64 AT_TRACEPOINT
#define AT_EXIT_32 NOWHERE
#endif

#endif
