/* SPDX-License-Identifier: Apache-2.0 */
/* The face towards JavaScript: plain Node-API 8, every call synchronous and short. Errors are thrown with a code. */
#define NAPI_VERSION 8
#include "sensor.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <node_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 4
#define TEXT_BYTES 4096

struct call {
	napi_env env;
	struct sensor *sensor;
	napi_value arguments[ARGUMENTS_MAX];
};

static bool begin(struct call *call, napi_env env, napi_callback_info info, size_t wanted)
{
	size_t count = ARGUMENTS_MAX;
	call->env = env;
	if (napi_get_cb_info(env, info, &count, call->arguments, NULL, NULL) != napi_ok ||
	    napi_get_instance_data(env, (void **)&call->sensor) != napi_ok || !call->sensor)
		return false;
	if (count < wanted) {
		napi_throw_type_error(env, NULL, "too few arguments");
		return false;
	}
	return true;
}

/* libbpf has errors of its own above the kernel's: the log says what they are. */
static const char *name_of(int error)
{
	const char *name = strerrorname_np(error);
	return name ? name : "ELIBBPF";
}

static napi_value fail(struct call *call, const char *what, long error)
{
	char text[256];
	snprintf(text, sizeof(text), "%.100s: %s", what, strerror(-error));
	napi_throw_error(call->env, name_of(-error), text);
	return NULL;
}

static bool text_of(struct call *call, int index, char *text)
{
	size_t length = 0;
	if (napi_get_value_string_utf8(call->env, call->arguments[index], text, TEXT_BYTES, &length) == napi_ok)
		return true;
	napi_throw_type_error(call->env, NULL, "a string is expected");
	return false;
}

static bool bytes_of(struct call *call, int index, void **bytes, size_t *length)
{
	if (napi_get_buffer_info(call->env, call->arguments[index], bytes, length) == napi_ok)
		return true;
	napi_throw_type_error(call->env, NULL, "a Buffer is expected");
	return false;
}

static struct ring *ring_of(struct call *call, int index)
{
	uint32_t number = 0;
	napi_get_value_uint32(call->env, call->arguments[index], &number);
	if (number < call->sensor->ring_count)
		return &call->sensor->rings[number];
	napi_throw_range_error(call->env, NULL, "no such ring");
	return NULL;
}

static napi_value number(struct call *call, double value)
{
	napi_value result = NULL;
	napi_create_double(call->env, value, &result);
	return result;
}

/* Empty: it worked. Else the error's name, a line break, and what libbpf and the verifier said. */
static napi_value outcome(struct call *call, int error)
{
	napi_value result = NULL;
	if (error == 0) {
		napi_create_string_utf8(call->env, "", 0, &result);
		return result;
	}
	static _Thread_local char text[LOG_BYTES + 64];
	int length = snprintf(text, sizeof(text), "%s\n%s", name_of(-error), log_text());
	napi_create_string_utf8(call->env, text, length, &result);
	return result;
}

static napi_value load(napi_env env, napi_callback_info info)
{
	struct call call;
	char object[TEXT_BYTES], program[TEXT_BYTES];
	if (!begin(&call, env, info, 2) || !text_of(&call, 0, object) || !text_of(&call, 1, program))
		return NULL;
	log_clear();
	return outcome(&call, sensor_load(call.sensor, object, program));
}

static napi_value attach(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES];
	if (!begin(&call, env, info, 1) || !text_of(&call, 0, program))
		return NULL;
	log_clear();
	return outcome(&call, sensor_attach(call.sensor, program));
}

static napi_value attach_tracepoint(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES], event[TEXT_BYTES];
	if (!begin(&call, env, info, 2) || !text_of(&call, 0, program) || !text_of(&call, 1, event))
		return NULL;
	log_clear();
	return outcome(&call, sensor_attach_tracepoint(call.sensor, program, event));
}

static napi_value attach_cgroup(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES], directory[TEXT_BYTES];
	if (!begin(&call, env, info, 2) || !text_of(&call, 0, program) || !text_of(&call, 1, directory))
		return NULL;
	log_clear();
	return outcome(&call, sensor_attach_cgroup(call.sensor, program, directory));
}

static napi_value open_ring(napi_env env, napi_callback_info info)
{
	struct call call;
	char name[TEXT_BYTES];
	if (!begin(&call, env, info, 1) || !text_of(&call, 0, name))
		return NULL;
	int index = ring_open(call.sensor, name);
	return index < 0 ? fail(&call, name, index) : number(&call, index);
}

static napi_value drain(napi_env env, napi_callback_info info)
{
	struct call call;
	void *bytes;
	size_t length;
	if (!begin(&call, env, info, 2))
		return NULL;
	struct ring *ring = ring_of(&call, 0);
	if (!ring || !bytes_of(&call, 1, &bytes, &length))
		return NULL;
	return number(&call, ring_drain(ring, bytes, length));
}

static napi_value release(napi_env env, napi_callback_info info)
{
	struct call call;
	int64_t position = -1;
	if (!begin(&call, env, info, 2))
		return NULL;
	struct ring *ring = ring_of(&call, 0);
	if (!ring)
		return NULL;
	napi_get_value_int64(env, call.arguments[1], &position);
	int error = ring_release(ring, position);
	return error ? fail(&call, "release", error) : NULL;
}

/* [produced, released, read, size, refused] */
static napi_value ring_state(napi_env env, napi_callback_info info)
{
	struct call call;
	if (!begin(&call, env, info, 1))
		return NULL;
	struct ring *ring = ring_of(&call, 0);
	if (!ring)
		return NULL;
	const double values[] = {
		__atomic_load_n(ring->producer, __ATOMIC_ACQUIRE),
		__atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE),
		ring->cursor,
		ring->size,
		ring->refused,
	};
	napi_value list;
	napi_create_array_with_length(env, 5, &list);
	for (uint32_t i = 0; i < 5; i++)
		napi_set_element(env, list, i, number(&call, values[i]));
	return list;
}

static struct bpf_map *map_of(struct call *call)
{
	char name[TEXT_BYTES];
	if (!text_of(call, 0, name))
		return NULL;
	struct bpf_map *map = sensor_map(call->sensor, name);
	if (!map)
		fail(call, name, -ENOENT);
	return map;
}

/* Keys lie one after the other; so do values. Gives how many were written: fewer than asked when the map is full. */
static napi_value map_update(napi_env env, napi_callback_info info)
{
	struct call call;
	uint8_t *keys, *values;
	size_t key_bytes, value_bytes;
	if (!begin(&call, env, info, 3))
		return NULL;
	struct bpf_map *map = map_of(&call);
	if (!map || !bytes_of(&call, 1, (void **)&keys, &key_bytes) || !bytes_of(&call, 2, (void **)&values, &value_bytes))
		return NULL;
	size_t key_size = bpf_map__key_size(map), value_size = bpf_map__value_size(map);
	size_t count = key_size ? key_bytes / key_size : 0, done = 0; /* a ring has no keys */
	if (key_size == 0 || key_bytes % key_size != 0 || value_bytes != count * value_size)
		return fail(&call, "map_update", -EINVAL);
	for (size_t i = 0; i < count; i++)
		done += bpf_map_update_elem(bpf_map__fd(map), keys + i * key_size, values + i * value_size, BPF_ANY) == 0;
	return number(&call, done);
}

static napi_value map_delete(napi_env env, napi_callback_info info)
{
	struct call call;
	uint8_t *keys;
	size_t key_bytes, done = 0;
	if (!begin(&call, env, info, 2))
		return NULL;
	struct bpf_map *map = map_of(&call);
	if (!map || !bytes_of(&call, 1, (void **)&keys, &key_bytes))
		return NULL;
	size_t key_size = bpf_map__key_size(map);
	if (key_size == 0 || key_bytes % key_size != 0)
		return fail(&call, "map_delete", -EINVAL);
	for (size_t i = 0; i < key_bytes / key_size; i++)
		done += bpf_map_delete_elem(bpf_map__fd(map), keys + i * key_size) == 0;
	return number(&call, done);
}

/* The value of one key; of a per-processor map, one value for each processor, each rounded up to 8 bytes. */
static napi_value map_lookup(napi_env env, napi_callback_info info)
{
	struct call call;
	void *key, *value;
	size_t key_bytes;
	napi_value result = NULL;
	if (!begin(&call, env, info, 2))
		return NULL;
	struct bpf_map *map = map_of(&call);
	if (!map || !bytes_of(&call, 1, &key, &key_bytes))
		return NULL;
	if (key_bytes != bpf_map__key_size(map))
		return fail(&call, "map_lookup", -EINVAL);
	size_t size = bpf_map__value_size(map);
	if (bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY || bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_HASH)
		size = ((size + 7) & ~(size_t)7) * libbpf_num_possible_cpus();
	if (napi_create_buffer(env, size, &value, &result) != napi_ok)
		return NULL;
	if (bpf_map_lookup_elem(bpf_map__fd(map), key, value))
		return fail(&call, "map_lookup", -errno);
	return result;
}

static napi_value iterate(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES];
	uint8_t *bytes = NULL;
	napi_value result = NULL;
	if (!begin(&call, env, info, 1) || !text_of(&call, 0, program))
		return NULL;
	long length = sensor_iterate(call.sensor, program, &bytes);
	if (length < 0)
		return fail(&call, program, length);
	napi_create_buffer_copy(env, length, bytes, NULL, &result);
	free(bytes);
	return result;
}

static napi_value close_all(napi_env env, napi_callback_info info)
{
	struct call call;
	if (begin(&call, env, info, 0))
		sensor_close(call.sensor);
	return NULL;
}

static void forget(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	sensor_close(data);
	free(data);
}

NAPI_MODULE_INIT()
{
	static const struct {
		const char *name;
		napi_callback call;
	} functions[] = {
		{ "load", load },
		{ "attach", attach },
		{ "attachTracepoint", attach_tracepoint },
		{ "attachCgroup", attach_cgroup },
		{ "openRing", open_ring },
		{ "drain", drain },
		{ "release", release },
		{ "ringState", ring_state },
		{ "mapUpdate", map_update },
		{ "mapDelete", map_delete },
		{ "mapLookup", map_lookup },
		{ "iterate", iterate },
		{ "close", close_all },
	};
	struct sensor *sensor = calloc(1, sizeof(*sensor));
	if (!sensor || napi_set_instance_data(env, sensor, forget, NULL) != napi_ok)
		return NULL;
	log_start();
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		napi_value function;
		if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function) != napi_ok ||
		    napi_set_named_property(env, exports, functions[i].name, function) != napi_ok)
			return NULL;
	}
	return exports;
}
