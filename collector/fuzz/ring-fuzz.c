/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer's target over ../addon/ring.c: a ring made by hand, mapped as the kernel maps it (its data twice in a row,
 * in memory whose edges AddressSanitizer watches), and a list of acts that the input spells:
 *
 *   append a record (whole, or lying about its lengths) | write a byte anywhere | move the producer anywhere
 *   drain into a room of any size | release up to anywhere | finish a record that was being written
 *
 * After each drain, what came out is held against what lay in the ring.
 */
#include "../addon/sensor.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MAX 65536
#define HEAD_BYTES 128
#define RECORD_BYTES_MAX 32768
#define OUT_HEADER_BYTES 16
#define BUSY 0x80000000u
#define DISCARD 0x40000000u

#define MUST(holds) ((holds) ? (void)0 : broken(#holds, __LINE__))

static void broken(const char *what, int line)
{
	fprintf(stderr, "ring-fuzz.c:%d: does not hold: %s\n", line, what);
	abort();
}

/* What ring.c asks the rest of the addon for; nothing here opens a ring of the kernel's. */
struct shared_map *sensor_map(struct sensor *sensor, const char *name)
{
	(void)sensor;
	(void)name;
	return NULL;
}

struct input {
	const uint8_t *bytes;
	size_t length;
};

static uint64_t take(struct input *from, size_t width)
{
	uint64_t value = 0;
	for (size_t i = 0; i < width && from->length > 0; i++, from->bytes++, from->length--)
		value |= (uint64_t)*from->bytes << (8 * i);
	return value;
}

struct made {
	struct ring ring;
	uint64_t consumer;
	uint64_t producer;
	uint8_t *data;
};

static void write_byte(struct made *made, uint64_t position, uint8_t value)
{
	size_t at = position & (made->ring.size - 1);
	made->data[at] = value;
	made->data[at + made->ring.size] = value;
}

static void write_u32(struct made *made, uint64_t position, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		write_byte(made, position + i, value >> (8 * i));
}

static void append(struct made *made, struct input *from)
{
	uint32_t length = take(from, 2) % made->ring.size, lie = take(from, 1), payload = length + HEAD_BYTES;
	uint32_t bits = (lie & 1 ? BUSY : 0) | (lie & 2 ? DISCARD : 0);
	uint64_t at = made->producer & ~7ULL;
	write_u32(made, at, bits | (lie & 4 ? (uint32_t)take(from, 4) & ~(BUSY | DISCARD) : payload));
	write_u32(made, at + 8, lie & 8 ? (uint32_t)take(from, 4) : payload);
	for (size_t i = 4; i < 24 && i < payload; i++)
		write_byte(made, at + 8 + i, take(from, 1));
	made->producer = at + (((uint64_t)payload + 8 + 7) & ~7ULL);
}

static void move_producer(struct made *made, struct input *from)
{
	uint64_t how = take(from, 1), by = take(from, how & 1 ? 8 : 2);
	made->producer = how & 2 ? by : made->producer + by;
}

/* Each record that came out is one that lay there, in order, whole; none was looked at twice. */
static void check(struct made *made, const struct ring *before, const uint8_t *out, size_t used)
{
	uint64_t behind = before->cursor;
	size_t at = 0;
	while (at < used) {
		uint32_t length, own_size;
		uint64_t position;
		MUST(used - at >= OUT_HEADER_BYTES + HEAD_BYTES);
		memcpy(&length, out + at, 4);
		memcpy(&position, out + at + 8, 8);
		memcpy(&own_size, out + at + OUT_HEADER_BYTES, 4);
		MUST(length >= HEAD_BYTES && length <= RECORD_BYTES_MAX && own_size == length);
		MUST(position >= behind && position % 8 == 0 && position < made->ring.cursor);
		MUST(used - at >= OUT_HEADER_BYTES + (size_t)length);
		const uint8_t *there = made->data + (position & (made->ring.size - 1));
		MUST(memcmp(there + 8, out + at + OUT_HEADER_BYTES, length) == 0);
		behind = position + 8 + length;
		at += OUT_HEADER_BYTES + ((length + 7) & ~7u);
	}
	MUST(at == used);
}

static void drain(struct made *made, struct input *from)
{
	size_t capacity = take(from, 2) % ROOM_MAX;
	uint8_t *out = malloc(capacity); /* its own, so that a byte too many is seen */
	struct ring before = made->ring;
	MUST(out);
	size_t used = ring_drain(&made->ring, out, capacity);
	MUST(used <= capacity);
	MUST(made->ring.cursor >= before.cursor && made->ring.refused >= before.refused);
	MUST(made->ring.cursor == before.cursor || made->ring.cursor <= made->producer);
	MUST(made->ring.cursor % 8 == 0);
	check(made, &before, out, used);
	/* It stands still only before a record that is being written, or where the room is too small. */
	bool is_idle = made->ring.cursor == before.cursor && before.cursor < (made->producer & ~7ULL);
	uint32_t word;
	memcpy(&word, made->data + (made->ring.cursor & (made->ring.size - 1)), sizeof(word));
	MUST(!is_idle || capacity < RECORD_BYTES_MAX + OUT_HEADER_BYTES || word & BUSY);
	free(out);
}

static void release(struct made *made, struct input *from)
{
	uint64_t how = take(from, 1), position = how & 1 ? take(from, 8) : made->ring.cursor - take(from, 2);
	uint64_t before = made->consumer;
	int error = ring_release(&made->ring, position);
	MUST(made->consumer <= made->ring.cursor && made->consumer >= before);
	MUST(error ? made->consumer == before : made->consumer >= position || made->consumer == before);
}

/* The record that holds the reader up is done now. */
static void finish(struct made *made)
{
	uint64_t at = made->ring.cursor + 3;
	write_byte(made, at, made->data[at & (made->ring.size - 1)] & 0x7f);
}

static void act(struct made *made, struct input *from)
{
	switch (take(from, 1) % 8) {
	case 0:
	case 1:
		append(made, from);
		break;
	case 2: {
		uint64_t at = take(from, 2);
		write_byte(made, at, take(from, 1));
		break;
	}
	case 3:
		move_producer(made, from);
		break;
	case 4:
		release(made, from);
		break;
	case 5:
		finish(made);
		break;
	default:
		drain(made, from);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct input from = { bytes, length };
	struct made made = { .ring = { .size = 4096ULL << (take(&from, 1) % 5) } };
	uint64_t start = take(&from, 8) & 0x0000fffffffffff8ULL;
	made.data = calloc(2, made.ring.size);
	MUST(made.data);
	made.consumer = made.producer = made.ring.cursor = start;
	made.ring.consumer = &made.consumer;
	made.ring.producer = &made.producer;
	made.ring.data = made.data;
	while (from.length > 0)
		act(&made, &from);
	free(made.data);
	return 0;
}
