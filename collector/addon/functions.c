/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this kernel lets programs hang at its functions: it takes such a program also where it cannot hang it. */
#include "sensor.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <unistd.h>

/* `return 0` */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

int sensor_hookable(const char *function)
{
	int id = libbpf_find_vmlinux_btf_id(function, BPF_TRACE_FEXIT);
	if (id < 0)
		return id;
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FEXIT, .attach_btf_id = id);
	int program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "hookable", "Dual BSD/GPL", nothing,
				    sizeof(nothing) / sizeof(nothing[0]), &options);
	if (program < 0)
		return -errno;
	int link = bpf_raw_tracepoint_open(NULL, program);
	int error = link < 0 ? -errno : 0;
	if (link >= 0)
		close(link);
	close(program);
	return error;
}
