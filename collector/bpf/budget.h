/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one control group may say of one kind: the noise of one is not to fill the ring for the others. */
#ifndef ATALAYA_BUDGET_H
#define ATALAYA_BUDGET_H

#include "maps.h"

/* One token more in each BUDGET_REFILL_NS. Two processors at once may give one too many: it is a bound, not a bill. */
static __always_inline bool within_budget(const struct cgroup_ids *ids, __u32 kind, __u64 now)
{
	struct budget_key key = { .ids = *ids, .kind = kind };
	struct budget *budget = bpf_map_lookup_elem(&budgets, &key);
	if (!budget) {
		struct budget fresh = { .filled_ns = now, .left = BUDGET - 1 };
		bpf_map_update_elem(&budgets, &key, &fresh, BPF_ANY);
		return true;
	}
	__u64 more = (now - budget->filled_ns) / BUDGET_REFILL_NS;
	if (now > budget->filled_ns && more > 0) {
		__u64 left = budget->left + more;
		budget->left = left < BUDGET ? left : BUDGET;
		budget->filled_ns = now;
	}
	if (budget->left == 0)
		return false;
	budget->left--;
	return true;
}

#endif
