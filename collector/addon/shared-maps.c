/* SPDX-License-Identifier: Apache-2.0 */
/* The maps that programs share, whoever made them: an object that was loaded here, or a process before this one. */
#include "shared-maps.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MARK_EVERY_US 1000000

struct shared_map *sensor_map(struct sensor *sensor, const char *name)
{
	for (size_t i = 0; i < sensor->map_count; i++)
		if (strcmp(sensor->maps[i].name, name) == 0)
			return &sensor->maps[i];
	return NULL;
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
	return file < 0 ? -errno : map_remember(sensor, name, file);
}

void sensor_forget(struct sensor *sensor, const char *prefix)
{
	size_t length = strlen(prefix);
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

void sensor_mark_read(struct sensor *sensor)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	uint64_t us = now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
	if (us - sensor->marked_us < MARK_EVERY_US)
		return;
	struct shared_map *map = sensor_map(sensor, "reader");
	uint32_t zero = 0;
	if (map && map->value_size == sizeof(us) && bpf_map_update_elem(map->file, &zero, &us, BPF_ANY) == 0)
		sensor->marked_us = us;
}
