/* SPDX-License-Identifier: Apache-2.0 */
/* The maps that programs share, whoever made them: an object that was loaded here, or a process before this one. */
#include "shared-maps.h"
#include "waiting.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MARK_EVERY_NS 1000000000ULL
#define PATIENCE_NS 60000000000ULL
#define FACTS_BYTES 4096

/* As in bpf/record.h, which is for the kernel's types. */
struct reader_state {
	uint64_t read_ns;
	uint64_t until_ns;
};

struct shared_map *sensor_map(struct sensor *sensor, const char *name)
{
	for (size_t i = 0; i < sensor->map_count; i++)
		if (strcmp(sensor->maps[i].name, name) == 0)
			return &sensor->maps[i];
	return NULL;
}

bool is_what(int file, const char *fact)
{
	char path[64], facts[FACTS_BYTES];
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file);
	int facts_file = open(path, O_RDONLY | O_CLOEXEC);
	if (facts_file < 0)
		return false;
	ssize_t got = read(facts_file, facts, sizeof(facts) - 1);
	close(facts_file);
	facts[got > 0 ? got : 0] = 0;
	return strstr(facts, fact) != NULL;
}

/* The kernel writes one value a processor of kinds that we do not know as such: no such map is ever taken over. */
static bool is_known_type(uint32_t type)
{
	return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_HASH ||
	       type == BPF_MAP_TYPE_LPM_TRIE || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_LRU_HASH;
}

int map_remember(struct sensor *sensor, const char *name, int file)
{
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	int error = 0;
	if (sensor->map_count == MAPS_MAX || strlen(name) >= NAME_BYTES_MAX)
		error = -ENOSPC;
	else if (bpf_obj_get_info_by_fd(file, &info, &length))
		error = -errno;
	else if (!is_known_type(info.type))
		error = -EBADF;
	if (error) {
		close(file);
		return error;
	}
	struct shared_map *map = &sensor->maps[sensor->map_count++];
	*map = (struct shared_map){ .file = file,
				    .type = info.type,
				    .key_size = info.key_size,
				    .value_size = info.value_size,
				    .max_entries = info.max_entries,
				    .id = info.id };
	strcpy(map->name, name);
	return 0;
}

int sensor_make_map(struct sensor *sensor, const char *name, uint32_t value_size)
{
	int file = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), value_size, 1, NULL);
	return file < 0 ? -errno : map_remember(sensor, name, file);
}

int sensor_pin_map(struct sensor *sensor, const char *name, const char *path)
{
	struct shared_map *map = sensor_map(sensor, name);
	if (!map)
		return -ENOENT;
	return bpf_obj_pin(map->file, path) ? -errno : 0;
}

int sensor_adopt_map(struct sensor *sensor, const char *name, const char *path)
{
	int file = bpf_obj_get(path);
	if (file < 0)
		return -errno;
	if (is_what(file, "map_type:"))
		return map_remember(sensor, name, file);
	close(file);
	return -EBADF;
}

void sensor_forget(struct sensor *sensor, const char *prefix)
{
	size_t length = strlen(prefix);
	waiting_cut(sensor->waiting);
	for (size_t i = 0; i < sensor->ring_count; i++)
		if (sensor->rings[i].consumer && strncmp(sensor->rings[i].map, prefix, length) == 0)
			ring_close(&sensor->rings[i]);
	for (size_t i = sensor->map_count; i-- > 0;) {
		if (strncmp(sensor->maps[i].name, prefix, length) != 0)
			continue;
		close(sensor->maps[i].file);
		sensor->maps[i] = sensor->maps[--sensor->map_count];
	}
}

/* Of our own rings and, while they are read, of those of an earlier process. */
static bool is_reader(const struct shared_map *map)
{
	const char *slash = strrchr(map->name, '/');
	return strcmp(slash ? slash + 1 : map->name, "reader") == 0 && map->value_size == sizeof(struct reader_state);
}

void sensor_mark_read(struct sensor *sensor, bool at_once)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	struct reader_state state = { .read_ns = now.tv_sec * 1000000000ULL + now.tv_nsec };
	if (!at_once && state.read_ns - sensor->marked_ns < MARK_EVERY_NS)
		return;
	state.until_ns = state.read_ns + (sensor->patience_ns ? sensor->patience_ns : PATIENCE_NS);
	uint32_t zero = 0;
	for (size_t i = 0; i < sensor->map_count; i++)
		if (is_reader(&sensor->maps[i]))
			bpf_map_update_elem(sensor->maps[i].file, &zero, &state, BPF_ANY);
	sensor->marked_ns = state.read_ns;
}
