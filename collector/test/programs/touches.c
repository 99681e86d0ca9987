/* touches WHAT PATH: does to the map, program or link that is pinned at PATH what only its owner should. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int call(enum bpf_cmd command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int opened(const char *path)
{
	union bpf_attr attributes = { .pathname = (uint64_t)(uintptr_t)path };
	return call(BPF_OBJ_GET, &attributes);
}

/* The number of a map or a link is the second member of what is known of it. */
static uint32_t number_of(int file)
{
	uint32_t facts[64] = { 0 };
	union bpf_attr attributes = { .info = { .bpf_fd = file, .info_len = sizeof(facts), .info = (uint64_t)(uintptr_t)facts } };
	return call(BPF_OBJ_GET_INFO_BY_FD, &attributes) ? 0 : facts[1];
}

static int by_number(enum bpf_cmd command, uint32_t number)
{
	union bpf_attr attributes = { .map_id = number };
	return call(command, &attributes);
}

/* A key that nobody else has. */
static int changed(enum bpf_cmd command, int file)
{
	uint32_t key = 0xfffffff0, value = 0;
	union bpf_attr attributes = { .map_fd = file, .key = (uint64_t)(uintptr_t)&key, .value = (uint64_t)(uintptr_t)&value };
	return call(command, &attributes);
}

static int changed_by_batch(int file)
{
	uint32_t key = 0xfffffff1, value = 0;
	union bpf_attr attributes = { .batch = { .keys = (uint64_t)(uintptr_t)&key,
						 .values = (uint64_t)(uintptr_t)&value,
						 .count = 1,
						 .map_fd = file } };
	return call(BPF_MAP_UPDATE_BATCH, &attributes);
}

static int detached(int file)
{
	union bpf_attr attributes = { .link_detach = { .link_fd = file } };
	return call(BPF_LINK_DETACH, &attributes);
}

int main(int count, char **words)
{
	if (count < 3)
		return 2;
	const char *what = words[1];
	int file = opened(words[2]);
	if (file < 0) {
		fprintf(stderr, "%s: %s\n", words[2], strerror(errno));
		return 1;
	}
	if (strcmp(what, "map-by-id") == 0)
		return by_number(BPF_MAP_GET_FD_BY_ID, number_of(file)) < 0;
	if (strcmp(what, "link-by-id") == 0)
		return by_number(BPF_LINK_GET_FD_BY_ID, number_of(file)) < 0;
	if (strcmp(what, "update") == 0)
		return changed(BPF_MAP_UPDATE_ELEM, file) < 0;
	if (strcmp(what, "delete") == 0)
		return changed(BPF_MAP_DELETE_ELEM, file) < 0;
	if (strcmp(what, "batch") == 0)
		return changed_by_batch(file) < 0;
	if (strcmp(what, "detach") == 0)
		return detached(file) < 0;
	return strcmp(what, "open") != 0;
}
