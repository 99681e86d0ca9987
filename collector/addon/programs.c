/* SPDX-License-Identifier: Apache-2.0 */
/* Loading programs, attaching them, and taking over those that run. */
#include "sensor.h"
#include "shared-maps.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ITERATE_STEP (256 * 1024)
#define ITERATE_MAX (256UL * 1024 * 1024)

static struct program *find(struct sensor *sensor, const char *name)
{
	for (size_t i = 0; i < sensor->program_count; i++)
		if (strcmp(sensor->programs[i].name, name) == 0)
			return &sensor->programs[i];
	return NULL;
}

static int share_maps(struct sensor *sensor, struct bpf_object *object)
{
	struct bpf_map *map;
	bpf_object__for_each_map(map, object) {
		struct shared_map *shared = sensor_map(sensor, bpf_map__name(map));
		if (!shared || bpf_map__is_internal(map))
			continue;
		int error = bpf_map__reuse_fd(map, shared->file);
		if (error)
			return error;
	}
	return 0;
}

static int remember_maps(struct sensor *sensor, struct bpf_object *object)
{
	struct bpf_map *map;
	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);
		if (bpf_map__is_internal(map) || sensor_map(sensor, name))
			continue;
		int file = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 0);
		int error = file < 0 ? -errno : map_remember(sensor, name, file);
		if (error)
			return error;
	}
	return 0;
}

static struct bpf_program *program_of(struct bpf_object *object, const char *name, size_t length)
{
	struct bpf_program *program;
	bpf_object__for_each_program(program, object) {
		const char *known = bpf_program__name(program);
		if (strncmp(known, name, length) == 0 && known[length] == '\0')
			return program;
	}
	return NULL;
}

/* The next name of a list parted by spaces; its length is 0 behind the last. */
static const char *next_name(const char *at, size_t *length)
{
	at += *length;
	at += strspn(at, " ");
	*length = strcspn(at, " ");
	return at;
}

/* Only those named are loaded. Gives how many, or a negative errno. */
static int choose(struct bpf_object *object, const char *names)
{
	struct bpf_program *program;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
	int count = 0;
	size_t length = 0;
	for (const char *name = next_name(names, &length); length > 0; name = next_name(name, &length), count++) {
		program = program_of(object, name, length);
		if (!program || length >= NAME_BYTES_MAX)
			return -ENOENT;
		bpf_program__set_autoload(program, true);
	}
	return count > 0 ? count : -ENOENT;
}

static int load_chosen(struct sensor *sensor, struct bpf_object *object, const char *names)
{
	int count = choose(object, names);
	if (count < 0)
		return count;
	if (sensor->program_count + count > PROGRAMS_MAX)
		return -ENOSPC;
	int error = share_maps(sensor, object);
	if (!error)
		error = bpf_object__load(object);
	if (!error)
		error = remember_maps(sensor, object);
	if (error)
		return error;
	size_t length = 0;
	struct bpf_object *owned = object; /* by the first of them */
	for (const char *name = next_name(names, &length); length > 0; name = next_name(name, &length)) {
		struct program *one = &sensor->programs[sensor->program_count++];
		*one = (struct program){ .object = owned, .program = program_of(object, name, length) };
		memcpy(one->name, name, length);
		owned = NULL;
	}
	return 0;
}

int sensor_load(struct sensor *sensor, const char *object_path, const char *names)
{
	struct bpf_object *object = bpf_object__open_file(object_path, NULL);
	if (!object)
		return -errno;
	int error = load_chosen(sensor, object, names);
	if (error)
		bpf_object__close(object);
	return error;
}

int sensor_attach(struct sensor *sensor, const char *program_name)
{
	struct program *one = find(sensor, program_name);
	if (!one || !one->program)
		return -ENOENT;
	one->link = bpf_program__attach(one->program);
	return one->link ? 0 : -errno;
}

static int read_number(int directory, const char *path)
{
	char text[32] = { 0 };
	int file = openat(directory, path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	ssize_t got = read(file, text, sizeof(text) - 1);
	close(file);
	return got > 0 ? atoi(text) : -EIO;
}

/* A tracefs of our own, attached nowhere: many containers and some hosts have none mounted. */
static int detached_tracefs(void)
{
	int context = syscall(SYS_fsopen, "tracefs", 1 /* FSOPEN_CLOEXEC */);
	if (context < 0)
		return -errno;
	int mount = -1;
	if (syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) == 0)
		mount = syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
	int error = mount < 0 ? -errno : 0;
	close(context);
	return error ? error : mount;
}

static int tracepoint_id(const char *event)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[256];
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(path, sizeof(path), "%s/events/%s/id", roots[i], event);
		int id = read_number(AT_FDCWD, path);
		if (id > 0)
			return id;
	}
	int mount = detached_tracefs();
	if (mount < 0)
		return mount;
	snprintf(path, sizeof(path), "events/%s/id", event);
	int id = read_number(mount, path);
	close(mount);
	return id;
}

int sensor_attach_tracepoint(struct sensor *sensor, const char *program_name, const char *event)
{
	struct program *one = find(sensor, program_name);
	if (!one || !one->program)
		return -ENOENT;
	int id = tracepoint_id(event);
	if (id < 0)
		return id;
	struct perf_event_attr attributes = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attributes), .config = id };
	/* Processor 0 names the event only: the program runs on all of them. */
	int file = syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (file < 0)
		return -errno;
	one->link = bpf_program__attach_perf_event(one->program, file);
	one->event = file;
	if (one->link)
		return 0;
	one->event = 0;
	int error = -errno;
	close(file);
	return error;
}

int sensor_attach_cgroup(struct sensor *sensor, const char *program_name, const char *directory)
{
	struct program *one = find(sensor, program_name);
	if (!one || !one->program)
		return -ENOENT;
	int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	one->link = bpf_program__attach_cgroup(one->program, file);
	int error = one->link ? 0 : -errno;
	close(file);
	return error;
}

int sensor_detach(struct sensor *sensor, const char *program_name)
{
	struct program *one = find(sensor, program_name);
	if (!one || !one->link)
		return -ENOENT;
	int error = bpf_link__destroy(one->link);
	one->link = NULL;
	one->event = 0;
	one->is_pinned = false;
	/* What was taken over went with its link: it is to be loaded before it can be attached again. */
	if (!one->program)
		*one = sensor->programs[--sensor->program_count];
	return error;
}

static long read_all(int file, uint8_t **bytes)
{
	size_t used = 0, room = 0;
	uint8_t *memory = NULL;
	for (;;) {
		if (room - used < ITERATE_STEP) {
			room = room == 0 ? 4 * ITERATE_STEP : room * 2;
			uint8_t *larger = room > ITERATE_MAX ? NULL : realloc(memory, room);
			if (!larger) {
				free(memory);
				return -ENOMEM;
			}
			memory = larger;
		}
		ssize_t got = read(file, memory + used, room - used);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0) {
			long error = -errno;
			free(memory);
			return error;
		}
		if (got == 0)
			break;
		used += got;
	}
	*bytes = memory;
	return used;
}

long sensor_iterate(struct sensor *sensor, const char *program_name, uint8_t **bytes)
{
	struct program *one = find(sensor, program_name);
	if (!one || !one->link)
		return -ENOENT;
	int file = bpf_iter_create(bpf_link__fd(one->link));
	if (file < 0)
		return -errno;
	long used = read_all(file, bytes);
	close(file);
	return used;
}

int sensor_pin_link(struct sensor *sensor, const char *program_name, const char *path)
{
	struct program *one = find(sensor, program_name);
	if (!one || !one->link)
		return -ENOENT;
	/* Links of the old kind (an ioctl on the event, before 5.15) have no file that could be pinned. */
	if (bpf_obj_pin(bpf_link__fd(one->link), path))
		return -errno;
	one->is_pinned = true;
	return 0;
}

/* Whether a link runs the program of that name (the kernel keeps 15 bytes of it) and hangs on something. */
static int proved(int file, const char *program_name)
{
	struct bpf_link_info link = { 0 };
	struct bpf_prog_info info = { 0 };
	uint32_t link_length = sizeof(link), info_length = sizeof(info);
	if (!is_what(file, "link_type:"))
		return -EBADF;
	if (bpf_obj_get_info_by_fd(file, &link, &link_length))
		return -errno;
	if (link.type == BPF_LINK_TYPE_CGROUP && link.cgroup.cgroup_id == 0)
		return -ENOLINK; /* its cgroup was removed */
	int program = bpf_prog_get_fd_by_id(link.prog_id);
	if (program < 0)
		return -errno;
	int error = bpf_obj_get_info_by_fd(program, &info, &info_length) ? -errno : 0;
	close(program);
	return error ? error : strncmp(info.name, program_name, BPF_OBJ_NAME_LEN - 1) == 0 ? 0 : -EBADF;
}

static int info_of(const struct program *one, struct bpf_prog_info *info)
{
	struct bpf_link_info link = { 0 };
	uint32_t link_length = sizeof(link), length = sizeof(*info);
	if (one->program)
		return bpf_obj_get_info_by_fd(bpf_program__fd(one->program), info, &length) ? -errno : 0;
	if (bpf_obj_get_info_by_fd(bpf_link__fd(one->link), &link, &link_length))
		return -errno;
	int file = bpf_prog_get_fd_by_id(link.prog_id);
	if (file < 0)
		return -errno;
	int error = bpf_obj_get_info_by_fd(file, info, &length) ? -errno : 0;
	close(file);
	return error;
}

long sensor_missed(struct sensor *sensor, const char *program_name)
{
	struct bpf_prog_info info = { 0 };
	struct program *one = find(sensor, program_name);
	int error = one && (one->program || one->link) ? info_of(one, &info) : -ENOENT;
	return error ? error : (long)info.recursion_misses;
}

int sensor_hangs(struct sensor *sensor, const char *program_name)
{
	struct program *one = find(sensor, program_name);
	return one && one->link ? proved(bpf_link__fd(one->link), program_name) : -ENOENT;
}

int sensor_adopt_link(struct sensor *sensor, const char *program_name, const char *path)
{
	if (sensor->program_count == PROGRAMS_MAX || strlen(program_name) >= NAME_BYTES_MAX)
		return -ENOSPC;
	int file = bpf_obj_get(path);
	if (file < 0)
		return -errno;
	int error = proved(file, program_name);
	close(file);
	if (error)
		return error;
	struct bpf_link *link = bpf_link__open(path);
	if (!link)
		return -errno;
	struct program *one = &sensor->programs[sensor->program_count++];
	*one = (struct program){ .link = link, .is_pinned = true };
	strcpy(one->name, program_name);
	return 0;
}

/* libbpf switches a tracepoint's event off with its link: of a pinned one only our files are closed. */
static void let_go(struct program *one)
{
	if (!one->is_pinned) {
		bpf_link__destroy(one->link);
		return;
	}
	int file = bpf_link__fd(one->link);
	bpf_link__disconnect(one->link);
	bpf_link__destroy(one->link);
	close(file);
	if (one->event > 0 && one->event != file)
		close(one->event);
}

void sensor_let_go(struct sensor *sensor)
{
	for (size_t i = 0; i < sensor->program_count; i++) {
		struct program *one = &sensor->programs[i];
		if (!one->is_pinned)
			continue;
		let_go(one);
		one->link = NULL;
		one->event = 0;
		one->is_pinned = false;
	}
}

void sensor_close(struct sensor *sensor)
{
	for (size_t i = 0; i < sensor->ring_count; i++)
		ring_close(&sensor->rings[i]);
	for (size_t i = 0; i < sensor->program_count; i++)
		let_go(&sensor->programs[i]);
	for (size_t i = 0; i < sensor->program_count; i++)
		bpf_object__close(sensor->programs[i].object);
	for (size_t i = 0; i < sensor->map_count; i++)
		close(sensor->maps[i].file);
	if (sensor->lock)
		close(sensor->lock);
	memset(sensor, 0, sizeof(*sensor));
}
