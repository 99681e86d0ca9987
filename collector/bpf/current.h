/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tasks, read in the way that the kernel has. Since Linux 5.11 the verifier knows the current task as one, and each read
 * of it is a load; before, it is an address like any other, and each read is a helper's call. libbpf puts in which it is as
 * a constant when it loads a program, and the verifier takes out what never runs: a newer kernel pays nothing for this.
 *
 * So: current_task(), never bpf_get_current_task_btf(); and OF(task, member), never task->member, of a task and of what
 * is reached from one.
 */
#ifndef ATALAYA_CURRENT_H
#define ATALAYA_CURRENT_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define TASKS_ARE_TYPED bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

/* A member of a kernel's object: `OF(OF(task, group_leader), tgid)`. No bit fields, no arrays. */
#define OF(object, member)                                                            \
	({                                                                            \
		__typeof__(object) object__ = (object);                               \
		__typeof__(object__->member) member__;                                \
		if (TASKS_ARE_TYPED)                                                  \
			member__ = object__->member;                                  \
		else                                                                  \
			bpf_core_read(&member__, sizeof(member__), &object__->member); \
		member__;                                                             \
	})

static __always_inline struct task_struct *current_task(void)
{
	if (TASKS_ARE_TYPED)
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

#endif
