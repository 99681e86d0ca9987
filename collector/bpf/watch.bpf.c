// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is done to the sensor itself: signals to its processes (the map own_tasks), and bpf(2) on what it has in the kernel (the
 * map own_objects). Both maps are written by the collector and pinned with the rings, so that who ends it is told to the next.
 */
#include "budget.h"
#include "file.h"
#include "syscall.h"
#include "task.h"
#include "touched.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define SIGNAL_OF_CHILD 17
#define SIGNAL_STOP 19
#define FROM_KERNEL 1 /* SEND_SIG_PRIV */

/*
 * Not what the kernel sends by itself (a fault, the terminal's keys, the out-of-memory killer), nor that a child ended. Of the
 * kernel's own only SIGSTOP is somebody's doing: a debugger takes hold.
 */
static __always_inline bool is_somebodys(int signal, __u64 info)
{
	return signal != SIGNAL_OF_CHILD && (info != FROM_KERNEL || signal == SIGNAL_STOP);
}

/* Whoever started it may end it. */
static __always_inline bool is_parent_of(struct task_struct *task, struct task_struct *other)
{
	return OF(OF(other, real_parent), tgid) == OF(task, tgid);
}

static __always_inline bool is_due(__u32 kind, struct task_struct *task, struct count_slot *count)
{
	count->attempted++;
	if (!kind_wanted(kind) || is_ignored(task)) {
		count->filtered++;
		return false;
	}
	return has_budget(task, kind, 0, count);
}

static __always_inline void fill(struct watch_record *record, __u32 kind, struct task_struct *task, __u32 number,
				 const __u8 *target)
{
	fill_head(&record->head, kind, sizeof(*record), task);
	record->number = number;
	record->error = 0;
	record->target_pid = 0;
	record->gap = 0;
	__builtin_memcpy(record->target, target, OWN_NAME_BYTES);
}

/* Where every way of sending one comes by: kill and its like, a write to cgroup.kill, io_uring, 32-bit calls. */
SEC("tp_btf/signal_generate")
int BPF_PROG(sensor_signal, int signal, struct kernel_siginfo *info, struct task_struct *target)
{
	__u32 pid = OF(target, tgid);
	struct own_task *own = bpf_map_lookup_elem(&own_tasks, &pid);
	if (!own || own->start_ticks != OF(OF(target, group_leader), start_boottime) / 10000000)
		return 0;
	struct task_struct *task = current_task();
	struct count_slot *count = count_of(KIND_SENSOR_SIGNAL);
	if (!count || !is_somebodys(signal, (__u64)info) || OF(task, tgid) == pid || is_parent_of(task, target) ||
	    !is_due(KIND_SENSOR_SIGNAL, task, count))
		return 0;
	struct watch_record *record = RESERVE(lifecycle, struct watch_record, count);
	if (!record)
		return 0;
	fill(record, KIND_SENSOR_SIGNAL, task, signal, own->name);
	record->target_pid = pid;
	SUBMIT(record, count);
	return 0;
}

static __always_inline int touched(struct ended_call *ended)
{
	if (!has_arguments(ended))
		return 0;
	struct task_struct *task = current_task();
	__u32 command = argument(ended, 0);
	int fd = touched_fd(command, argument(ended, 1), ended->result);
	struct file *file = fd < 0 ? NULL : file_of(task, fd);
	struct own_object_key key = {};
	if (!file || !object_key(file, &key))
		return 0;
	struct own_object *own = bpf_map_lookup_elem(&own_objects, &key);
	struct count_slot *count = count_of(KIND_SENSOR_BPF);
	if (!own || !count || !is_due(KIND_SENSOR_BPF, task, count))
		return 0;
	struct watch_record *record = RESERVE(lifecycle, struct watch_record, count);
	if (!record)
		return 0;
	fill(record, KIND_SENSOR_BPF, task, command, own->name);
	record->error = error_of(ended);
	SUBMIT(record, count);
	return 0;
}

AT_EXIT(bpf, sensor_bpf, touched)
