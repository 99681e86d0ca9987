/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel side's handles, one set for each JavaScript environment: a worker thread has its own. */
#ifndef ATALAYA_SENSOR_H
#define ATALAYA_SENSOR_H

#include <stddef.h>
#include <stdint.h>

#define PROGRAMS_MAX 64
#define MAPS_MAX 32
#define RINGS_MAX 4
#define LOG_BYTES 65536

struct program {
	struct bpf_object *object; /* holds this program alone */
	struct bpf_program *program;
	struct bpf_link *link;
};

struct shared_map {
	const char *name;
	struct bpf_map *map; /* of the object that made it */
};

struct ring {
	uint64_t *consumer;
	const uint64_t *producer;
	const uint8_t *data; /* mapped twice in a row: a record that wraps reads straight on */
	uint64_t size;
	uint64_t cursor; /* read up to here; the kernel gets the space back at release */
	uint64_t refused; /* records that could not be proved well formed */
};

struct sensor {
	struct program programs[PROGRAMS_MAX];
	size_t program_count;
	struct shared_map maps[MAPS_MAX];
	size_t map_count;
	struct ring rings[RINGS_MAX];
	size_t ring_count;
};

/* What libbpf and the verifier said since the last log_clear, on this thread. */
void log_start(void);
void log_clear(void);
const char *log_text(void);

/* Loads one program of an object, sharing maps by name with those loaded before. 0 or a negative errno. */
int sensor_load(struct sensor *sensor, const char *object_path, const char *program_name);
/* Attach by what the section says (tp_btf), to a tracepoint event ("syscalls/sys_exit_open"), to a cgroup directory. */
int sensor_attach(struct sensor *sensor, const char *program_name);
int sensor_attach_tracepoint(struct sensor *sensor, const char *program_name, const char *event);
int sensor_attach_cgroup(struct sensor *sensor, const char *program_name, const char *directory);
/* Reads a task iterator to its end into memory that the caller frees. Bytes or a negative errno. */
long sensor_iterate(struct sensor *sensor, const char *program_name, uint8_t **bytes);
struct bpf_map *sensor_map(struct sensor *sensor, const char *name);
void sensor_close(struct sensor *sensor);

/* Maps a ring; gives its index or a negative errno. */
int ring_open(struct sensor *sensor, const char *map_name);
size_t ring_drain(struct ring *ring, uint8_t *to, size_t capacity);
int ring_release(struct ring *ring, uint64_t position);
void ring_close(struct ring *ring);

#endif
