// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* New cgroup directories: a container is known before its first process. And processes that are moved between them. */
#include "budget.h"
#include "strays.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* 2, 1 for the memory controller's v1 hierarchy, 0 for the other v1 hierarchies: nobody asks for those. */
static __always_inline __u32 version_of(struct cgroup *cgroup)
{
	if (cgroup->root->hierarchy_id == 0)
		return 2;
	__u64 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	void *slot = (void *)cgroup + bpf_core_field_offset(struct cgroup, subsys) + memory * sizeof(void *);
	void *state = NULL;
	bpf_probe_read_kernel(&state, sizeof(state), slot);
	return state ? 1 : 0;
}

/* Appends the group's path to a record of `size` bytes. Gives its length. */
static __always_inline __u32 append_group(struct scratch *scratch, __u32 size, const char *path, struct count_slot *count)
{
	long got = bpf_probe_read_kernel_str(&scratch->bytes[size], PATH_BYTES, path);
	__u32 length = got > 0 ? (got - 1) & (PATH_BYTES - 1) : 0;
	if (length == 0)
		count->read_fault++;
	return length;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_made, struct cgroup *cgroup, const char *path)
{
	struct count_slot *count = count_of(KIND_CGROUP_MKDIR);
	if (!count)
		return 0;
	count->attempted++;
	__u32 version = version_of(cgroup);
	if (version == 0) {
		count->filtered++;
		return 0;
	}
	struct scratch *scratch = is_read(count) ? scratch_take(count) : NULL;
	if (!scratch)
		return 0;
	struct cgroup_record *record = &scratch->cgroup;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_CGROUP_MKDIR, 0, current_task());
	record->cgroup_id = cgroup->kn->id;
	record->version = version;
	__u32 length = append_group(scratch, sizeof(*record), path, count);
	record->path_length = length;
	output(&lifecycle, scratch, sizeof(*record) + length, count);
	scratch_give(scratch);
	return 0;
}

/* After the move, whoever made it. The kernel moves whole processes, or with cgroup.threads (v1: tasks) one thread. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_moved, struct cgroup *cgroup, const char *path, struct task_struct *task, bool threadgroup)
{
	struct count_slot *count = count_of(KIND_CGROUP_MOVE);
	if (!count)
		return 0;
	count->attempted++;
	__u32 version = version_of(cgroup);
	/* Of a process that has ended already nobody would take the mark off again. */
	if (version != 0 && task->signal->live.counter > 0)
		mark_stray(task);
	if (version == 0 || !kind_wanted(KIND_CGROUP_MOVE) || is_ignored(task)) {
		count->filtered++;
		return 0;
	}
	/* Who moves pays: the task is in the new group already, whose budget another may have used up. */
	if (!has_budget(current_task(), KIND_CGROUP_MOVE, 0, count))
		return 0;
	struct scratch *scratch = is_read(count) ? scratch_take(count) : NULL;
	if (!scratch)
		return 0;
	struct cgroup_move_record *record = &scratch->cgroup_move;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, KIND_CGROUP_MOVE, 0, task);
	struct task_struct *mover = OF(current_task(), group_leader);
	record->mover_pid = OF(mover, tgid);
	record->mover_start_us = OF(mover, start_boottime) / 1000;
	record->cgroup_id = cgroup->kn->id;
	record->version = version;
	__u32 length = append_group(scratch, sizeof(*record), path, count);
	record->path_length = length;
	output(&lifecycle, scratch, sizeof(*record) + length, count);
	scratch_give(scratch);
	return 0;
}
