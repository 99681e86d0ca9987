/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The arguments of a system call at its exit: the registers saved at entry, which no other thread can change.
 * Hooks at entry would tax every call, and what they read of user memory is a race.
 */
#ifndef ATALAYA_SYSCALL_H
#define ATALAYA_SYSCALL_H

#include "maps.h"

/* The saved registers, or NULL before Linux 5.15. */
static __always_inline struct pt_regs *saved_registers(struct task_struct *task)
{
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return NULL;
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

#endif
