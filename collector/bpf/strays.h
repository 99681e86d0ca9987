/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is surely the host's, and so is kept back where only containers' is asked for. By the control groups that a task is in,
 * which the reader says are the host's once it knows; what it said nothing of is let through. And because who leaves a
 * container's group stays that container's to the reader: not a stray, which is who came into its group otherwise than by being
 * born in it. Nobody knows here from where a task was moved, so that who was moved from one of the host's to another is one as well.
 *
 * A stray's children are strays, but where the reader has said that the group is a container's: most of a container is born
 * there of a process that was moved into it. Where a mark is lost nothing is kept back any more (stray_state.lost).
 */
#ifndef ATALAYA_STRAYS_H
#define ATALAYA_STRAYS_H

#include "task.h"

static __always_inline struct stray_state *stray_state(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&strays_lost, &zero);
}

static __always_inline bool is_stray(struct task_struct *task)
{
	__u32 pid = OF(task, tgid);
	return bpf_map_lookup_elem(&strays, &pid) != NULL;
}

static __always_inline void mark_stray(struct task_struct *task)
{
	__u32 pid = OF(task, tgid);
	__u64 now = bpf_ktime_get_boot_ns();
	if (bpf_map_update_elem(&strays, &pid, &now, BPF_ANY) == 0)
		return;
	struct stray_state *state = stray_state();
	if (state)
		state->lost = 1;
}

static __always_inline void forget_stray(struct task_struct *task)
{
	if (!is_stray(task))
		return;
	__u32 pid = OF(task, tgid);
	bpf_map_delete_elem(&strays, &pid);
}

static __always_inline __u32 owner_of_groups(struct task_struct *task)
{
	struct cgroup_ids ids = cgroups_of(task);
	__u32 *owner = bpf_map_lookup_elem(&group_owners, &ids);
	return owner ? *owner : 0;
}

/* A process was made by another one: in that one's groups, or in groups of its own. */
static __always_inline void born(struct task_struct *parent, struct task_struct *child)
{
	if (OF(parent, cgroups) != OF(child, cgroups) || (is_stray(parent) && owner_of_groups(child) != GROUP_OF_CONTAINER))
		mark_stray(child);
}

/* Whether the current task is surely the host's. In a frame of its own, as in_recorded_group. */
__noinline int is_surely_hosts(void)
{
	struct task_struct *task = current_task();
	struct stray_state *state = stray_state();
	return state && !state->lost && owner_of_groups(task) == GROUP_OF_HOST && !is_stray(task);
}

/* Whether nobody asks for it of the host, and it is the host's. */
static __always_inline bool is_hosts_alone(__u32 kind)
{
	struct filter_settings *filter = filters();
	return filter && (filter->containers_only >> (kind & 63)) & 1 && is_surely_hosts();
}

#endif
