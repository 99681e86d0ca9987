// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Files opened through io_uring: no system call names them. Where one has been opened, its path is the file's, as after
 * a call. A path that was asked for is the kernel's copy, which nobody can change, but not yet looked up: it is kept
 * until the request is over and told when it was refused, and at once when the request keeps silent about success.
 *
 * Requests run in their process' own threads, io_uring's among them: pid and start are the owner's.
 */
#include "open.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define OP_OPENAT 18 /* enum io_uring_op is part of the ABI */
#define OP_OPENAT2 28
#define SILENT_BIT 6 /* REQ_F_CQE_SKIP_BIT: that of IOSQE_CQE_SKIP_SUCCESS */
#define KERNEL_THREAD_BIT 0x00200000 /* PF_KTHREAD */
#define SLOT_ANY 0xffffffffU /* IORING_FILE_INDEX_ALLOC */
#define FILE_BITS_MASK 7ULL /* of a registered file's address: what io_uring keeps there of its own */

struct asked_path {
	__u32 length;
	__u8 bytes[URING_PATH_BYTES];
};

/* By the address of the request. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, URING_PATHS_MAX);
	__type(key, __u64);
	__type(value, struct asked_path);
} uring_paths SEC(".maps");

/* Of a registered file: since Linux 6.13 its node's address stands in the table, before it the file's. */
struct io_rsrc_node___atalaya {
	unsigned long file_ptr;
} __attribute__((preserve_access_index));
struct io_rsrc_data___atalaya {
	unsigned int nr;
	struct io_rsrc_node___atalaya **nodes;
} __attribute__((preserve_access_index));
struct io_file_table___atalaya {
	struct io_rsrc_data___atalaya data;
} __attribute__((preserve_access_index));
struct io_ring_ctx___atalaya {
	struct io_file_table___atalaya file_table;
} __attribute__((preserve_access_index));

static __always_inline bool opens(struct io_kiocb *request)
{
	__u8 opcode = BPF_CORE_READ(request, opcode);
	return opcode == OP_OPENAT || opcode == OP_OPENAT2;
}

static __always_inline struct open_call call_of_request(struct io_kiocb *request)
{
	struct io_open *open = (void *)request;
	struct open_call call = { .base_fd = BPF_CORE_READ(open, dfd) };
	call.flags = BPF_CORE_READ(open, how.flags);
	return call;
}

static __always_inline struct file *registered_file(struct io_kiocb *request, __u32 slot)
{
	if (!bpf_core_field_exists(struct io_ring_ctx___atalaya, file_table.data.nodes))
		return NULL;
	struct io_ring_ctx___atalaya *ring = (void *)BPF_CORE_READ(request, ctx);
	if (slot >= BPF_CORE_READ(ring, file_table.data.nr))
		return NULL;
	struct io_rsrc_node___atalaya **nodes = BPF_CORE_READ(ring, file_table.data.nodes);
	struct io_rsrc_node___atalaya *node = NULL;
	bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
	return (void *)(BPF_CORE_READ(node, file_ptr) & ~FILE_BITS_MASK);
}

static __always_inline struct file *file_of_request(struct io_kiocb *request, struct task_struct *task, int result)
{
	struct io_open *open = (void *)request;
	__u32 slot = BPF_CORE_READ(open, file_slot);
	if (slot == 0)
		return file_of(task, result);
	return registered_file(request, slot == SLOT_ANY ? (__u32)result : slot - 1);
}

/* The name's address, where it is one: Linux 7.2 has a structure there, and takes no program that reads it so. */
struct io_open___atalaya {
	struct filename *filename;
} __attribute__((preserve_access_index));

/* Reads the path that is asked for to where report_parked wants it; its length, or 0 where it is not watched. */
static __always_inline __u32 park_path(struct scratch *scratch, struct io_kiocb *request)
{
	const __u32 parked = SCRATCH_BYTES - PATH_BYTES;
	struct io_open___atalaya *open = (void *)request;
	const char *name = BPF_CORE_READ(open, filename, name);
	long got = bpf_probe_read_kernel_str(&scratch->bytes[parked], PATH_BYTES, name);
	__u32 length = got < 2 ? 0 : (got - 1) & (PATH_BYTES - 1);
	struct filter_settings *filter = filters();
	if (filter && ((filter->flags & (ASKS_ALL_OPENS | ASKS_REFUSED_OPENS)) || filter->open_prefixes != 0))
		return length;
	return length > 0 && path_watched(scratch, parked, length, NAME_FOR_OPEN) ? length : 0;
}

static __always_inline void asked_for(struct scratch *scratch, struct io_kiocb *request, struct task_struct *task)
{
	const __u32 parked = SCRATCH_BYTES - PATH_BYTES;
	__u32 length = park_path(scratch, request);
	if (length == 0)
		return;
	__u64 key = (__u64)request;
	bool is_silent = (BPF_CORE_READ(request, flags) >> SILENT_BIT) & 1;
	if (!is_silent && length <= URING_PATH_BYTES - 1) {
		struct asked_path *asked = (void *)scratch->bytes;
		asked->length = length;
		bpf_probe_read_kernel(asked->bytes, URING_PATH_BYTES, &scratch->bytes[parked]);
		if (!bpf_map_update_elem(&uring_paths, &key, asked, BPF_ANY))
			return;
	}
	struct count_slot *count = count_of(KIND_OPEN);
	if (!count)
		return;
	count->attempted++;
	struct open_call call = call_of_request(request);
	report_parked(scratch, task, KIND_OPEN, 0, &call, length, FLAG_URING, count);
}

static __always_inline int submitted(struct io_kiocb *request)
{
	if (!opens(request))
		return 0;
	struct task_struct *task = current_task();
	struct count_slot *count = count_of(KIND_OPEN);
	if (!count || is_ignored(task))
		return 0;
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	asked_for(scratch, request, task);
	scratch_give(scratch);
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(uring_submit, struct io_kiocb *request)
{
	return submitted(request);
}

/* Until Linux 6.2 it was called so; what it says first is the request since requests have this part (6.0). */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(uring_submit_sqe, struct io_kiocb *request)
{
	return bpf_core_type_exists(struct io_cmd_data) ? submitted(request) : 0;
}

/* What is left of a request that did not give a file: the path that it asked for, where that is watched. */
static __always_inline void report_asked(struct scratch *scratch, struct io_kiocb *request, struct task_struct *task,
					 __u32 kind, int result, struct count_slot *count)
{
	__u64 key = (__u64)request;
	struct asked_path *asked = bpf_map_lookup_elem(&uring_paths, &key);
	if (!asked) {
		count->filtered++;
		return;
	}
	struct open_call call = call_of_request(request);
	bpf_probe_read_kernel(&scratch->bytes[SCRATCH_BYTES - PATH_BYTES], URING_PATH_BYTES, asked->bytes);
	__u32 length = asked->length & (URING_PATH_BYTES - 1);
	report_parked(scratch, task, kind, result, &call, length, FLAG_URING, count);
}

static __always_inline void request_over(struct scratch *scratch, struct io_kiocb *request, struct task_struct *task,
					 __u32 kind, int result, struct count_slot *count)
{
	struct file *file = result < 0 ? NULL : file_of_request(request, task, result);
	bool is_asked = !is_unasked(kind) && !is_hosts_alone(kind);
	struct telling telling = {};
	if (file)
		telling = telling_of(file, is_asked);
	if (!file && is_asked) {
		report_asked(scratch, request, task, kind, result, count);
	} else if (telling.why || telling.other || telling.moved) {
		struct open_call call = call_of_request(request);
		report_file(scratch, task, file, &call, &telling, FLAG_URING, count);
	} else {
		count->filtered++;
	}
	__u64 key = (__u64)request;
	bpf_map_delete_elem(&uring_paths, &key);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(uring_complete, struct io_ring_ctx *ring, void *over)
{
	struct io_kiocb *request = over;
	if (!request || !opens(request))
		return 0;
	int result = BPF_CORE_READ(request, cqe.res);
	__u32 kind = result < 0 ? KIND_OPEN_FAILED : KIND_OPEN;
	struct count_slot *count = count_of(kind);
	if (!count)
		return 0;
	count->attempted++;
	struct task_struct *task = current_task();
	/* The kernel's own workers end what a process left behind: it would not be theirs. */
	bool is_unwanted = is_unasked(kind) && (result < 0 || !(is_recorded() || asks_memory()));
	if (is_unwanted || (OF(task, flags) & KERNEL_THREAD_BIT) || is_ignored(task)) {
		count->filtered++;
		return 0;
	}
	if (result >= 0 && asks_memory()) {
		struct file *file = file_of_request(request, task, result);
		if (file)
			look_at_memory(file, result);
	}
	struct scratch *scratch = scratch_take(count);
	if (!scratch)
		return 0;
	request_over(scratch, request, task, kind, result, count);
	scratch_give(scratch);
	return 0;
}
