/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the flight recorder keeps of some containers although no rule asks for it: opens for writing, connections (and
 * those that failed), datagrams, binds and listens. Such a record is marked, and goes to the recorder alone. The map `recorded` holds the
 * containers' control groups; where it is empty, one look at a flag is all that this costs.
 */
#ifndef ATALAYA_RECORDED_H
#define ATALAYA_RECORDED_H

#include "budget.h"
#include "groups.h"

#define RECORDED_DEPTH 16 /* control groups that are looked at, from the task's own upwards */
#define RECORDER_PART 0x80000000U /* of a budget's kind: the recorder's is its own */
#define DESTINATION_FACTOR 0x100000001b3ULL /* of FNV-1a */

static __always_inline bool is_below_recorded(struct task_struct *task, __u32 version)
{
	struct recorded_key key = { .version = version };
	struct cgroup *cgroup = group_of(task, version);
	for (int i = 0; i < RECORDED_DEPTH; i++) {
		key.cgroup_id = BPF_CORE_READ(cgroup, kn, id);
		if (bpf_map_lookup_elem(&recorded, &key))
			return true;
		cgroup = group_above(cgroup);
		if (!cgroup)
			return false;
	}
	return false;
}

/* Whether the current task is in a recorded container's control group, or below it. */
__noinline int in_recorded_group(void)
{
	struct filter_settings *filter = filters();
	struct task_struct *task = current_task();
	if (!filter)
		return 0;
	if ((filter->flags & RECORDS_V2_GROUPS) && is_below_recorded(task, 2))
		return 1;
	return (filter->flags & RECORDS_V1_GROUPS) && is_below_recorded(task, 1);
}

static __always_inline bool is_anybody_recorded(void)
{
	struct filter_settings *filter = filters();
	return filter && (filter->flags & (RECORDS_V2_GROUPS | RECORDS_V1_GROUPS));
}

static __always_inline bool is_recorded(void)
{
	return is_anybody_recorded() && in_recorded_group();
}

/*
 * As has_budget, for the recorder alone: what is above it no rule had asked for, so it is no loss, and has a count of its own.
 * The upper half of the ring is for what rules ask for.
 */
static __always_inline bool recorder_has_budget_of(const struct cgroup_ids *ids, __u32 kind, struct count_slot *count)
{
	struct budget_key key = { .ids = *ids, .kind = kind | RECORDER_PART };
	if (bpf_ringbuf_query(&bulk, BPF_RB_AVAIL_DATA) <= BULK_RING_BYTES / 2 &&
	    take_token(&key, RECORDER_BUDGET, RECORDER_BUDGET_REFILL_NS))
		return true;
	count->unrecorded++;
	return false;
}

static __always_inline bool recorder_has_budget(struct task_struct *task, __u32 kind, struct count_slot *count)
{
	struct cgroup_ids ids = cgroups_of(task);
	return recorder_has_budget_of(&ids, kind, count);
}

static __always_inline __u64 mixed(__u64 hash, __u32 word)
{
	return (hash ^ word) * DESTINATION_FACTOR;
}

/* Of IPv4 the words behind the first are zeros. */
static __always_inline __u64 hash_of_place(const __u32 *address, __u32 port)
{
	return mixed(mixed(mixed(mixed(mixed(0, address[0]), address[1]), address[2]), address[3]), port);
}

/* Whether the same was told of that process and that place a moment ago; counted then. */
static __always_inline bool was_told(struct asked_key *key, struct count_slot *count)
{
	__u64 *before = bpf_map_lookup_elem(&destinations, key);
	if (!before || bpf_ktime_get_boot_ns() - *before >= ASKED_AGAIN_NS)
		return false;
	count->repeated++;
	return true;
}

static __always_inline void note_told(struct asked_key *key)
{
	__u64 now = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&destinations, key, &now, BPF_ANY);
}

/* As was_told; from now on it was. */
static __always_inline bool is_told_again(struct asked_key *key, struct count_slot *count)
{
	if (was_told(key, count))
		return true;
	note_told(key);
	return false;
}

static __always_inline struct asked_key destination_key(struct task_struct *task, __u32 kind, __u64 destination)
{
	struct asked_key key = { .name_hash = destination, .type = kind };
	key.pid = OF(task, tgid);
	key.start_us = OF(OF(task, group_leader), start_boottime) / 1000;
	return key;
}

/* Whether the same process has connected, or sent, to the same place a moment ago; counted then. */
static __always_inline bool is_same_destination(struct task_struct *task, __u32 kind, __u64 destination,
						struct count_slot *count)
{
	struct asked_key key = destination_key(task, kind, destination);
	return is_told_again(&key, count);
}

#endif
