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

#endif
