/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one control group may say of one kind: the noise of one is not to fill the ring for the others. */
#ifndef ATALAYA_BUDGET_H
#define ATALAYA_BUDGET_H

#include "maps.h"
#include "task.h"

#define BUDGET_PART_SHIFT 16 /* of a kind that has parts (which call, which change), each has a budget of its own */

/* What ordinary programs do all day may come in bursts; the rest few have a use for. `kind` is a constant. */
static __always_inline bool is_ordinary(__u32 kind)
{
	return kind == KIND_OPEN || kind == KIND_OPEN_FAILED || kind == KIND_MAP || kind == KIND_CONNECT || kind == KIND_SEND ||
	       kind == KIND_CONNECT_FAILED || kind == KIND_RECEIVE || kind == KIND_EXEC_FAILED;
}

/*
 * Takes one token of a budget that holds `most` and gets one more in each refill time; false, and counted for whom, where
 * none is left. Two processors at once may take one too many: it is a bound, not a bill.
 */
static __always_inline bool take_token(const struct budget_key *key, __u64 most, __u64 refill_ns)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct budget *budget = bpf_map_lookup_elem(&budgets, key);
	if (!budget) {
		struct budget fresh = { .filled_ns = now, .left = most - 1 };
		bpf_map_update_elem(&budgets, key, &fresh, BPF_ANY);
		return true;
	}
	__u64 more = (now - budget->filled_ns) / refill_ns;
	if (now > budget->filled_ns && more > 0) {
		__u64 left = budget->left + more;
		budget->left = left < most ? left : most;
		budget->filled_ns = now;
	}
	if (budget->left == 0) {
		budget->throttled++;
		return false;
	}
	budget->left--;
	return true;
}

/* Whether the control groups may say one more of that kind, counted where not. */
static __always_inline bool groups_have_budget(const struct cgroup_ids *ids, __u32 kind, __u32 part,
					       struct count_slot *count)
{
	const __u64 most = is_ordinary(kind) ? ORDINARY_BUDGET : BUDGET;
	const __u64 refill_ns = is_ordinary(kind) ? ORDINARY_BUDGET_REFILL_NS : BUDGET_REFILL_NS;
	struct budget_key key = { .ids = *ids, .kind = kind | (part << BUDGET_PART_SHIFT) };
	if (take_token(&key, most, refill_ns))
		return true;
	count->throttled++;
	return false;
}

/* The same of the control groups that the task is in. */
static __always_inline bool has_budget(struct task_struct *task, __u32 kind, __u32 part, struct count_slot *count)
{
	struct cgroup_ids ids = cgroups_of(task);
	return groups_have_budget(&ids, kind, part, count);
}

#endif
