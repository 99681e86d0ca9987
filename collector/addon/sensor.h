/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel side's handles, one set for each JavaScript environment: a worker thread has its own. */
#ifndef ATALAYA_SENSOR_H
#define ATALAYA_SENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAMS_MAX 256
#define MAPS_MAX 96
#define RINGS_MAX 4
#define LOG_BYTES 65536
#define NAME_BYTES_MAX 64

struct program {
	char name[NAME_BYTES_MAX];
	struct bpf_object *object; /* of the first that was loaded with it; NULL of the others, and of what an earlier process loaded */
	struct bpf_program *program;
	struct bpf_link *link;
	int event; /* of a tracepoint; 0 where there is none */
	bool is_pinned; /* the link stays when we go */
};

struct shared_map {
	char name[NAME_BYTES_MAX];
	int file;
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t id; /* of this boot */
};

struct ring {
	char map[NAME_BYTES_MAX];
	uint64_t *consumer; /* NULL: no ring */
	const uint64_t *producer;
	const uint8_t *data; /* mapped twice in a row: a record that wraps reads straight on */
	uint64_t size;
	uint64_t cursor; /* read up to here; the kernel gets the space back at release */
	uint64_t refused; /* records that could not be proved well formed */
	bool is_cut; /* the last drain ended before what the kernel had brought by then: no room, or a record that is being written */
};

struct sensor {
	struct program programs[PROGRAMS_MAX];
	size_t program_count;
	struct shared_map maps[MAPS_MAX];
	size_t map_count;
	struct ring rings[RINGS_MAX];
	size_t ring_count;
	uint64_t marked_ns; /* when `reader` was last written */
	uint64_t patience_ns; /* after the last mark, for so long the programs go on submitting */
	int lock; /* on the folder of the pins, as long as this sensor is open; 0: none */
	struct waiting *waiting; /* NULL until somebody waits for records */
};

/* What libbpf and the verifier said since the last log_clear, on this thread. */
void log_start(void);
void log_clear(void);
const char *log_text(void);

/*
 * Loads programs of an object (their names parted by spaces), sharing maps by name with those loaded before: all of them
 * or none. 0 or a negative errno.
 */
int sensor_load(struct sensor *sensor, const char *object_path, const char *names);
/* Attach by what the section says (tp_btf), to a tracepoint event ("syscalls/sys_exit_open"), to a cgroup directory. */
int sensor_attach(struct sensor *sensor, const char *program_name);
int sensor_attach_tracepoint(struct sensor *sensor, const char *program_name, const char *event);
int sensor_attach_cgroup(struct sensor *sensor, const char *program_name, const char *directory);
/* Whether programs can hang at the end of a function of the kernel: hangs one there for a moment. */
int sensor_hookable(const char *function);
/*
 * Takes a program off its hook, once no pin of its link is left. What this process loaded can be attached again; what it took
 * over is gone.
 */
int sensor_detach(struct sensor *sensor, const char *program_name);
/* -ENOLINK where somebody took the program off its hook; other errors where the kernel cannot say. */
int sensor_hangs(struct sensor *sensor, const char *program_name);
/* How often the kernel left it out because it was at work on that processor already; 0 before Linux 5.12. Or a negative errno. */
long sensor_missed(struct sensor *sensor, const char *program_name);
/* Reads a task iterator to its end into memory that the caller frees. Bytes or a negative errno. */
long sensor_iterate(struct sensor *sensor, const char *program_name, uint8_t **bytes);
struct shared_map *sensor_map(struct sensor *sensor, const char *name);
/* Makes a map of one value that no program knows, and remembers it by its name. */
int sensor_make_map(struct sensor *sensor, const char *name, uint32_t value_size);
/*
 * Pins in a bpffs, and takes over what an earlier process pinned there; `name` is what it is called from then on.
 * What lies there and is no map of a kind that is used here, or no link of that program, is refused with -EBADF.
 */
int sensor_pin_map(struct sensor *sensor, const char *name, const char *path);
int sensor_pin_link(struct sensor *sensor, const char *program_name, const char *path);
int sensor_adopt_map(struct sensor *sensor, const char *name, const char *path);
int sensor_adopt_link(struct sensor *sensor, const char *program_name, const char *path);
/* Writes into the map `own_objects` which maps, programs and links are ours now. 0 or a negative errno. */
int sensor_name_own(struct sensor *sensor);
/* Lets go of the maps whose names begin so, and of their rings. */
void sensor_forget(struct sensor *sensor, const char *prefix);
/* Tells the programs that somebody reads: at most once a second, or at once. */
void sensor_mark_read(struct sensor *sensor, bool at_once);
/*
 * Closes our files of pinned links, so that their pins are what holds them. Whoever closes the last file of a link waits in the
 * kernel until nobody is in its program; who removes its last pin does not: then the kernel's own threads wait.
 */
void sensor_let_go(struct sensor *sensor);
/* Lets go of everything; what is pinned goes on. */
void sensor_close(struct sensor *sensor);

/* Maps a ring; gives its index or a negative errno. */
int ring_open(struct sensor *sensor, const char *map_name);
size_t ring_drain(struct ring *ring, uint8_t *to, size_t capacity);
int ring_release(struct ring *ring, uint64_t position);
void ring_close(struct ring *ring);

#endif
