/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps that all objects share (the loader creates each once and reuses it by name), and the ways to leave:
 * every event is counted exactly once as submitted, ring_full, filtered, scratch_busy, unread, throttled, repeated or
 * unrecorded.
 */
#ifndef ATALAYA_MAPS_H
#define ATALAYA_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "current.h"
#include "limits.h"
#include "map-values.h"
#include "record.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LIFECYCLE_RING_BYTES);
} lifecycle SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BULK_RING_BYTES);
} bulk SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KINDS_MAX);
	__type(key, __u32);
	__type(value, struct count_slot);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, IGNORED_MAX);
	__type(key, __u32); /* process id */
	__type(value, __u64); /* its start, in hundredths of a second since boot */
} ignored SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NAMES_MAX);
	__type(key, struct name_key);
	__type(value, __u32); /* NAME_FOR_… */
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, PREFIXES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix_key);
	__type(value, __u32);
} prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PORTS_MAX);
	__type(key, __u32); /* destination port */
	__type(value, __u32); /* PORTS_OF_… */
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct reader_state);
} reader SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32); /* 1: the reader rests, and whoever brings a record next wakes it up */
} resting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, DOMAINS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct domain_key);
	__type(value, __u32);
} domains SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ASKED_MAX);
	__type(key, struct asked_key);
	__type(value, __u64);
} asked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BUDGETS_MAX);
	__type(key, struct budget_key);
	__type(value, struct budget);
} budgets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWN_TASKS_MAX);
	__type(key, __u32); /* process id */
	__type(value, struct own_task);
} own_tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWN_OBJECTS_MAX);
	__type(key, struct own_object_key);
	__type(value, struct own_object);
} own_objects SEC(".maps");

/* As `asked`, of connections and datagrams that are recorded, and of datagrams that come; type is the record's kind. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DESTINATIONS_MAX);
	__type(key, struct asked_key);
	__type(value, __u64);
} destinations SEC(".maps");

/* The control groups of containers that are recorded. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RECORDED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct recorded_key);
	__type(value, __u32);
} recorded SEC(".maps");

/* Whose the control groups are that processes are in. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GROUP_OWNERS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct cgroup_ids);
	__type(value, __u32); /* enum group_owner */
} group_owners SEC(".maps");

/* Processes that may have left a container: strays.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STRAYS_MAX);
	__type(key, __u32); /* process id */
	__type(value, __u64); /* since when, in nanoseconds since boot */
} strays SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stray_state);
} strays_lost SEC(".maps");

/* The containers in which programs are blocked, by the device of their root. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENFORCED_MAX);
	__type(key, __u32);
	__type(value, struct enforced_root);
} enforced SEC(".maps");

/* Until when, in nanoseconds of the monotonic clock: who wrote `enforced` renews it every second. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} enforced_until SEC(".maps");

/* Who connected to a name server, by the socket's cookie: what TCP sends later may be sent by anybody's interrupt. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DNS_CALLERS_MAX);
	__type(key, __u64);
	__type(value, struct record_task);
} dns_callers SEC(".maps");

/* Whose a connection is that is on its way: how it ends is some interrupt's or a timer's to say. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CONNECTING_MAX);
	__type(key, __u64);
	__type(value, struct connecting);
} connecting SEC(".maps");

/* Who waits for an answer. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DNS_ASKERS_MAX);
	__type(key, struct dns_question_key);
	__type(value, struct record_task);
} dns_askers SEC(".maps");

/*
 * Where a record of variable length is put together. `busy` guards against a second event on the same processor
 * before the first is done (kernels where a tracepoint can be preempted): the second is counted, never mixed in.
 */
struct scratch {
	__u32 busy;
	__u32 gap;
	/* The records are named so that BTF describes them: a test compares what TypeScript reads with it. */
	union {
		__u8 bytes[SCRATCH_BYTES];
		struct exec_record exec;
		struct exec_failed_record exec_failed;
		struct fork_record fork;
		struct exit_record exit;
		struct namespace_record namespace;
		struct cgroup_record cgroup;
		struct cgroup_move_record cgroup_move;
		struct open_record open;
		struct map_record map;
		struct connect_record connect;
		struct socket_record socket;
		struct call_record call;
		struct change_record change;
		struct watch_record watch; /* of fixed size: never put together here */
		struct dns_record dns_query; /* of fixed size, as the next: never put together here */
		struct dns_answer_record dns_answer;
	};
};

/* Objects whose programs may be preempted have one of their own: in theirs, others would find `busy` for as long. */
#ifndef SCRATCH_MAP
#define SCRATCH_MAP scratches
#endif

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} SCRATCH_MAP SEC(".maps");

static __always_inline struct count_slot *count_of(__u32 kind)
{
	return bpf_map_lookup_elem(&counts, &kind);
}

/* The id alone would hide whoever gets it next: after a kill, nobody is there to take it off the list. */
static __always_inline bool is_ignored(struct task_struct *task)
{
	__u32 pid = OF(task, tgid);
	__u64 *start = bpf_map_lookup_elem(&ignored, &pid);
	return start && *start == OF(OF(task, group_leader), start_boottime) / 10000000;
}

static __always_inline struct filter_settings *filters(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&settings, &zero);
}

/* Of kinds that no rule gets unasked: does anybody ask? */
static __always_inline bool kind_wanted(__u32 kind)
{
	struct filter_settings *filter = filters();
	return filter && (filter->kinds >> (kind & 63)) & 1;
}

/* Whether no loaded rule can match a record of this kind: a switch that is live, the hook stays where it is. */
static __always_inline bool is_unasked(__u32 kind)
{
	struct filter_settings *filter = filters();
	return filter && (filter->unasked >> (kind & 63)) & 1;
}

/* Whether a reader can be expected; counts the event where not. A ring that nobody reads is filled for nobody. */
static __always_inline bool is_read(struct count_slot *count)
{
	__u32 zero = 0;
	struct reader_state *state = bpf_map_lookup_elem(&reader, &zero);
	if (!state || state->until_ns == 0 || bpf_ktime_get_boot_ns() < state->until_ns)
		return true;
	count->unread++;
	return false;
}

/* The scratch memory of this processor, or NULL (counted) when it is in use. */
static __always_inline struct scratch *scratch_take(struct count_slot *count)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&SCRATCH_MAP, &zero);
	if (!scratch)
		return NULL;
	if (scratch->busy) {
		count->scratch_busy++;
		return NULL;
	}
	scratch->busy = 1;
	barrier();
	return scratch;
}

static __always_inline void scratch_give(struct scratch *scratch)
{
	barrier();
	scratch->busy = 0;
}

/* Where the reader rests: what says so. To wake it costs more than the event, so it is done once a rest. */
static __always_inline __u32 *rest(void)
{
	__u32 zero = 0;
	__u32 *rests = bpf_map_lookup_elem(&resting, &zero);
	return rests && *rests ? rests : NULL;
}

/* Copies the record out of the scratch memory. */
static __always_inline void output(void *ring, struct scratch *scratch, __u32 size, struct count_slot *count)
{
	struct record_head *head = &scratch->fork.head;
	if (size > SCRATCH_BYTES)
		size = SCRATCH_BYTES;
	head->size = size;
	__u32 *rests = rest();
	if (bpf_ringbuf_output(ring, scratch->bytes, size, rests ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP)) {
		count->ring_full++;
		return;
	}
	count->submitted++;
	if (rests)
		*rests = 0;
}

/* The same for what was filtered first: most of it never comes as far as to ask whether somebody reads. */
static __always_inline void submit(void *ring, struct scratch *scratch, __u32 size, struct count_slot *count)
{
	if (is_read(count))
		output(ring, scratch, size, count);
}

/* For records of fixed size, straight into the ring. */
#define RESERVE(ring, type, count)                                                    \
	({                                                                            \
		type *reserved__ = NULL;                                              \
		if (is_read(count)) {                                                 \
			reserved__ = bpf_ringbuf_reserve(&(ring), sizeof(type), 0);    \
			if (!reserved__)                                              \
				(count)->ring_full++;                                 \
		}                                                                     \
		reserved__;                                                           \
	})
#define SUBMIT(record, count)                                                         \
	({                                                                            \
		__u32 *rests__ = rest();                                              \
		bpf_ringbuf_submit((record), rests__ ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP); \
		(count)->submitted++;                                                 \
		if (rests__)                                                          \
			*rests__ = 0;                                                 \
	})

#endif
