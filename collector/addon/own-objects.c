/* SPDX-License-Identifier: Apache-2.0 */
/* Says to the kernel side which maps, programs and links are ours: the map `own_objects`, by which bpf(2) of others on them is known. */
#include "sensor.h"
#include "shared-maps.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* As in bpf/map-values.h, which is for the kernel's types. */
enum own_kind { OWN_MAP = 1, OWN_PROGRAM = 2, OWN_LINK = 3 };
struct own_object_key {
	uint32_t kind;
	uint32_t id;
};
struct own_object {
	char name[32];
};

#define OBJECTS_MAX (MAPS_MAX + 2 * PROGRAMS_MAX)

struct own_objects {
	struct own_object_key keys[OBJECTS_MAX];
	struct own_object objects[OBJECTS_MAX];
	size_t count;
};

static void add(struct own_objects *all, enum own_kind kind, uint32_t id, const char *name)
{
	static const char *const kinds[] = { "", "map", "program", "link" };
	if (id == 0 || all->count == OBJECTS_MAX)
		return;
	struct own_object *object = &all->objects[all->count];
	/* A name that is too long ends early, with its zero. */
	snprintf(object->name, sizeof(object->name), "%s %.20s", kinds[kind], name);
	all->keys[all->count++] = (struct own_object_key){ .kind = kind, .id = id };
}

static void add_program(struct own_objects *all, const struct program *one)
{
	struct bpf_link_info link = { 0 };
	struct bpf_prog_info info = { 0 };
	uint32_t length = sizeof(link), info_length = sizeof(info);
	/* Links of the old kind (an ioctl on the event, before 5.15) are none. */
	bool has_link = one->link && !bpf_obj_get_info_by_fd(bpf_link__fd(one->link), &link, &length) && link.prog_id;
	if (has_link)
		add(all, OWN_LINK, link.id, one->name);
	if (one->program && !bpf_obj_get_info_by_fd(bpf_program__fd(one->program), &info, &info_length))
		add(all, OWN_PROGRAM, info.id, one->name);
	else if (has_link)
		add(all, OWN_PROGRAM, link.prog_id, one->name);
}

static bool is_among(const struct own_objects *all, const struct own_object_key *key)
{
	for (size_t i = 0; i < all->count; i++)
		if (memcmp(&all->keys[i], key, sizeof(*key)) == 0)
			return true;
	return false;
}

/* Whose ids are ours no more: somebody else may get them. */
static void forget_others(int file, const struct own_objects *all)
{
	struct own_object_key stale[OBJECTS_MAX], key;
	size_t count = 0;
	for (int error = bpf_map_get_next_key(file, NULL, &key); !error && count < OBJECTS_MAX;
	     error = bpf_map_get_next_key(file, &key, &key))
		if (!is_among(all, &key))
			stale[count++] = key;
	for (size_t i = 0; i < count; i++)
		bpf_map_delete_elem(file, &stale[i]);
}

int sensor_name_own(struct sensor *sensor)
{
	struct own_objects all = { 0 };
	struct shared_map *own = sensor_map(sensor, "own_objects");
	if (!own || own->key_size != sizeof(all.keys[0]) || own->value_size != sizeof(all.objects[0]))
		return -ENOENT;
	for (size_t i = 0; i < sensor->map_count; i++)
		add(&all, OWN_MAP, sensor->maps[i].id, sensor->maps[i].name);
	for (size_t i = 0; i < sensor->program_count; i++)
		add_program(&all, &sensor->programs[i]);
	forget_others(own->file, &all);
	for (size_t i = 0; i < all.count; i++)
		if (bpf_map_update_elem(own->file, &all.keys[i], &all.objects[i], BPF_ANY))
			return -errno;
	return 0;
}
