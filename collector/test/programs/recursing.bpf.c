// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `again` hangs where it is called by what it does itself: the kernel leaves it out then, and counts that. `once` calls it first. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static const char text[] = "missed";

SEC("tp_btf/bpf_trace_printk")
int again(void *context)
{
	(void)context;
	bpf_trace_printk(text, sizeof(text));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int once(void *context)
{
	(void)context;
	bpf_trace_printk(text, sizeof(text));
	return 0;
}
