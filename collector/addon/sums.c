/* SPDX-License-Identifier: Apache-2.0 */
/* Counters that each processor has for itself, summed: what is said once a second is asked for in one call of the kernel. */
#include "sums.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Before Linux 5.13 such maps have no call for many entries: then one after the other. 0 or a negative errno. */
static int read_entries(const struct shared_map *map, uint32_t *keys, uint8_t *values, size_t entry_bytes, uint32_t entries)
{
	uint32_t count = entries, next = 0;
	/* ENOENT: that was the end of the map. */
	if ((bpf_map_lookup_batch(map->file, NULL, &next, keys, values, &count, NULL) == 0 || errno == ENOENT) &&
	    count == entries)
		return 0;
	for (uint32_t key = 0; key < entries; key++)
		if (bpf_map_lookup_elem(map->file, &key, values + key * entry_bytes))
			return -errno;
	return 0;
}

static double sum_of(const uint8_t *entry, size_t word, size_t slot_bytes, size_t processors)
{
	uint64_t sum = 0, value;
	for (size_t i = 0; i < processors; i++) {
		memcpy(&value, entry + i * slot_bytes + word * sizeof(value), sizeof(value));
		sum += value;
	}
	return sum;
}

static int sum_entries(const struct shared_map *map, uint8_t *into, uint32_t entries)
{
	size_t slot_bytes = (map->value_size + 7) & ~(size_t)7, words = slot_bytes / 8;
	size_t processors = libbpf_num_possible_cpus();
	uint8_t *values = calloc(entries, slot_bytes * processors);
	uint32_t *keys = calloc(entries, sizeof(*keys));
	int error = values && keys ? read_entries(map, keys, values, slot_bytes * processors, entries) : -ENOMEM;
	for (size_t i = 0; !error && i < entries * words; i++) {
		double sum = sum_of(values + i / words * slot_bytes * processors, i % words, slot_bytes, processors);
		memcpy(into + i * sizeof(sum), &sum, sizeof(sum));
	}
	free(keys);
	free(values);
	return error;
}

napi_value map_sums(napi_env env, napi_callback_info info)
{
	struct call call;
	uint8_t *into;
	size_t length;
	if (!call_begin(&call, env, info, 2))
		return NULL;
	struct shared_map *map = call_map(&call);
	if (!map || !call_bytes(&call, 1, (void **)&into, &length))
		return NULL;
	if (map->type != BPF_MAP_TYPE_PERCPU_ARRAY)
		return call_fail(&call, "map_sums", -EINVAL);
	size_t entries = length / ((map->value_size + 7) & ~(size_t)7);
	if (entries > map->max_entries)
		entries = map->max_entries;
	int error = entries == 0 ? 0 : sum_entries(map, into, entries);
	return error ? call_fail(&call, "map_sums", error) : call_number(&call, entries);
}
