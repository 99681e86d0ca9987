/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The control groups above a task, from its own to the root: a container's processes may make some below its own. */
#ifndef ATALAYA_GROUPS_H
#define ATALAYA_GROUPS_H

#include "task.h"

/* The task's own: of version 2, or of the memory controller (version 1). */
static __always_inline struct cgroup *group_of(struct task_struct *task, __u32 version)
{
	struct css_set *set = OF(task, cgroups);
	return version == 1 ? memory_group_of(set) : OF(set, dfl_cgrp);
}

/* NULL above the root. */
static __always_inline struct cgroup *group_above(struct cgroup *cgroup)
{
	struct cgroup_subsys_state *above = BPF_CORE_READ(cgroup, self.parent);
	return above ? BPF_CORE_READ(above, cgroup) : NULL;
}

#endif
