/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who did it: the head of every record, filled from a task. */
#ifndef ATALAYA_TASK_H
#define ATALAYA_TASK_H

#include "maps.h"

/* The user space form of a device number: major << 8 | low byte of minor | rest of minor << 12. */
static __always_inline __u32 user_device(__u32 major, __u32 minor)
{
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
}

/* The number of a pid in the namespace of another one; 0 where it is not in it: that one is beside or below. */
static __always_inline __u32 number_in_namespace_of(struct pid *own, struct pid *other)
{
	__u32 level = BPF_CORE_READ(own, level) & 31;
	if (BPF_CORE_READ(other, level) < level)
		return 0;
	/* Added as numbers: see fill_pid_namespace. */
	__u64 at = bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
	struct upid *here = (void *)((__u64)own + at), *there = (void *)((__u64)other + at);
	return BPF_CORE_READ(here, ns) == BPF_CORE_READ(there, ns) ? BPF_CORE_READ(there, nr) : 0;
}

static __always_inline void fill_pid_namespace(struct record_task *out, struct task_struct *task)
{
	/* Read as a number: a variable index through a typed pointer is refused, by 5.10 and 6.1 the sum itself is. */
	__u64 pid = (__u64)BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ((struct pid *)pid, level) & 31;
	__u64 numbers = pid + bpf_core_field_offset(struct pid, numbers);
	struct upid *upid = (void *)(numbers + level * bpf_core_type_size(struct upid));
	out->ns_pid = BPF_CORE_READ(upid, nr);
	out->pid_ns = BPF_CORE_READ(upid, ns, ns.inum);
}

static __always_inline void fill_session(struct record_task *out, struct task_struct *task)
{
	struct signal_struct *signal = OF(task, signal);
	struct pid *session = OF(signal, pids[PIDTYPE_SID]);
	out->session_id = BPF_CORE_READ(session, numbers[0].nr);
	struct tty_struct *tty = OF(signal, tty);
	if (tty) {
		struct tty_driver *driver = OF(tty, driver);
		out->tty = user_device(OF(driver, major), OF(driver, minor_start) + OF(tty, index));
	}
}

/* Of the memory controller, whichever version its hierarchy is of. */
static __always_inline struct cgroup *memory_group_of(struct css_set *set)
{
	__u64 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct cgroup_subsys_state *state = NULL;
	void *slot = (void *)set + bpf_core_field_offset(struct css_set, subsys) + memory * sizeof(void *);
	bpf_probe_read_kernel(&state, sizeof(state), slot);
	return BPF_CORE_READ(state, cgroup);
}

static __always_inline struct cgroup_ids cgroups_of(struct task_struct *task)
{
	struct cgroup_ids ids = {};
	struct css_set *set = OF(task, cgroups);
	ids.v2 = OF(OF(OF(set, dfl_cgrp), kn), id);
	struct cgroup *cgroup = memory_group_of(set);
	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != 0)
		ids.v1 = BPF_CORE_READ(cgroup, kn, id);
	return ids;
}

static __always_inline void fill_cgroups(struct record_task *out, struct task_struct *task)
{
	struct cgroup_ids ids = cgroups_of(task);
	out->cgroup_id_v2 = ids.v2;
	out->cgroup_id_v1 = ids.v1;
}

/* __u32[2] until 6.3, __u64 since: the same eight bytes. */
static __always_inline __u64 effective_capabilities(struct cred *cred)
{
	__u64 capabilities = 0;
	if (TASKS_ARE_TYPED)
		return *(__u64 *)&cred->cap_effective;
	bpf_core_read(&capabilities, sizeof(capabilities), &cred->cap_effective);
	return capabilities;
}

static __always_inline void fill_credentials(struct record_task *out, struct task_struct *task)
{
	struct cred *cred = (struct cred *)OF(task, cred);
	out->uid = OF(cred, uid.val);
	out->gid = OF(cred, gid.val);
	out->euid = OF(cred, euid.val);
	out->cap_effective = effective_capabilities(cred);
	out->login_uid = ~0U;
	if (bpf_core_field_exists(task->loginuid))
		out->login_uid = OF(task, loginuid.val);
}

/* Clears and fills the head; the caller sets `size` (submit does) and what follows. */
static __always_inline void fill_head(struct record_head *head, __u16 kind, __u32 size, struct task_struct *task)
{
	__builtin_memset(head, 0, sizeof(*head));
	head->size = size;
	head->kind = kind;
	head->boot_us = bpf_ktime_get_boot_ns() / 1000;

	struct record_task *out = &head->task;
	struct task_struct *leader = OF(task, group_leader);
	struct task_struct *parent = OF(task, real_parent);
	out->pid = OF(task, tgid);
	out->tid = OF(task, pid);
	out->start_us = OF(leader, start_boottime) / 1000;
	out->ppid = OF(parent, tgid);
	out->parent_start_us = OF(OF(parent, group_leader), start_boottime) / 1000;
	fill_pid_namespace(out, leader);
	fill_session(out, task);
	fill_credentials(out, task);
	fill_cgroups(out, task);
	struct nsproxy *spaces = OF(task, nsproxy);
	if (spaces) {
		out->mnt_ns = OF(OF(spaces, mnt_ns), ns.inum);
		out->net_ns = OF(OF(spaces, net_ns), ns.inum);
	}
	bpf_probe_read_kernel(out->comm, sizeof(out->comm), &task->comm);
}

#endif
