/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of BPF ring buffers that can leave what it has read in the ring until it is safe elsewhere.
 *
 *   page 0: consumer position (ours to write) | page 1: producer position | data, mapped twice
 *   a record: u32 length | BUSY << 31 | DISCARD << 30, u32 page offset, payload, padding to 8 bytes
 *
 * libbpf's reader gives a record back before its callback has ended and calls once a record; this one copies many.
 */
#include "sensor.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUSY 0x80000000u
#define DISCARD 0x40000000u
#define HEADER_BYTES 8
#define RECORD_BYTES_MIN 128 /* sizeof(struct record_head) */
#define RECORD_BYTES_MAX (32 * 1024) /* the largest record has 20 136 bytes, and the reader's room at least 64 KiB */
#define OUT_HEADER_BYTES 16 /* u32 length, u32 gap, u64 position */

/* A ring that was there before: what nobody released is read again. Its last reader may have left any position. */
static void start_where_released(struct ring *ring)
{
	uint64_t produced = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) & ~7ULL;
	ring->cursor = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
	if (ring->cursor <= produced && produced - ring->cursor <= ring->size && ring->cursor % 8 == 0)
		return;
	/* The kernel would take the ring for full for ever. */
	ring->refused++;
	ring->cursor = produced;
	__atomic_store_n(ring->consumer, produced, __ATOMIC_RELEASE);
}

int ring_open(struct sensor *sensor, const char *map_name)
{
	struct shared_map *map = sensor_map(sensor, map_name);
	size_t index = 0;
	while (index < sensor->ring_count && sensor->rings[index].consumer)
		index++;
	if (!map || index == RINGS_MAX)
		return -ENOENT;
	size_t page = sysconf(_SC_PAGESIZE);
	struct ring ring = { .size = map->max_entries };
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map->file, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	void *rest = mmap(NULL, page + 2 * ring.size, PROT_READ, MAP_SHARED, map->file, page);
	if (rest == MAP_FAILED) {
		int error = -errno;
		munmap(consumer, page);
		return error;
	}
	ring.consumer = consumer;
	ring.producer = rest;
	ring.data = (const uint8_t *)rest + page;
	start_where_released(&ring);
	strcpy(ring.map, map->name);
	sensor->rings[index] = ring;
	if (index == sensor->ring_count)
		sensor->ring_count++;
	return index;
}

void ring_close(struct ring *ring)
{
	size_t page = sysconf(_SC_PAGESIZE);
	if (!ring->consumer)
		return;
	munmap(ring->consumer, page);
	munmap((void *)ring->producer, page + 2 * ring->size);
	memset(ring, 0, sizeof(*ring));
}

/* Not a ring any more: nothing behind this can be trusted. Start again at the kernel's end. */
static void start_again(struct ring *ring, uint64_t produced)
{
	ring->refused++;
	ring->cursor = produced;
}

/* Every record of ours begins with its own size: what says otherwise was not written by our programs. */
static bool is_ours(const uint8_t *record, uint32_t length)
{
	uint32_t own_size;
	if (length < RECORD_BYTES_MIN || length > RECORD_BYTES_MAX)
		return false;
	memcpy(&own_size, record, sizeof(own_size));
	return own_size == length;
}

/* Copies records behind a header of ours until the room or the ring ends. Gives the bytes written. */
size_t ring_drain(struct ring *ring, uint8_t *to, size_t capacity)
{
	/* Positions are multiples of 8, or a header would lie across the end of the mapping. */
	uint64_t produced = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) & ~7ULL;
	size_t used = 0;
	if (ring->cursor < produced && produced - ring->cursor > ring->size)
		start_again(ring, produced); /* more than fits was never written: reading on would leave the mapping */
	while (ring->cursor < produced) {
		const uint8_t *at = ring->data + (ring->cursor & (ring->size - 1));
		uint32_t word = __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);
		if (word & BUSY)
			break; /* being written: what follows waits, order is kept */
		uint32_t length = word & ~(BUSY | DISCARD);
		uint64_t step = ((uint64_t)length + HEADER_BYTES + 7) & ~7ULL;
		if (step > produced - ring->cursor) {
			start_again(ring, produced);
			break;
		}
		if (!(word & DISCARD) && !is_ours(at + HEADER_BYTES, length)) {
			ring->refused++;
		} else if (!(word & DISCARD)) {
			size_t needed = OUT_HEADER_BYTES + (((size_t)length + 7) & ~(size_t)7);
			if (needed > capacity - used)
				break;
			uint32_t words[2] = { length, 0 };
			memcpy(to + used, words, sizeof(words));
			memcpy(to + used + 8, &ring->cursor, sizeof(ring->cursor));
			memcpy(to + used + OUT_HEADER_BYTES, at + HEADER_BYTES, length);
			used += needed;
		}
		ring->cursor += step;
	}
	ring->is_cut = ring->cursor < produced;
	return used;
}

int ring_release(struct ring *ring, uint64_t position)
{
	uint64_t consumed = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
	if (position > ring->cursor || position % 8 != 0)
		return -EINVAL;
	if (position > consumed)
		__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
	return 0;
}
