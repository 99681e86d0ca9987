/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* detach PATH: takes the program of a pinned link off its hook, and leaves the pin, as `bpftool link detach` does. */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	union bpf_attr attributes;
	if (count != 2)
		return 2;
	memset(&attributes, 0, sizeof(attributes));
	attributes.pathname = (uint64_t)(uintptr_t)arguments[1];
	int link = syscall(SYS_bpf, BPF_OBJ_GET, &attributes, sizeof(attributes));
	memset(&attributes, 0, sizeof(attributes));
	attributes.link_detach.link_fd = link;
	if (link < 0 || syscall(SYS_bpf, BPF_LINK_DETACH, &attributes, sizeof(attributes))) {
		perror("detach");
		return 1;
	}
	return 0;
}
