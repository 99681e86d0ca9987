/* SPDX-License-Identifier: Apache-2.0 */
/* The face towards JavaScript: plain Node-API 8, every call synchronous and short. Errors are thrown with a code. */
#include "call.h"
#include "pins.h"
#include "sums.h"
#include "waiting.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct ring *ring_of(struct call *call, int index)
{
	uint32_t number = 0;
	napi_get_value_uint32(call->env, call->arguments[index], &number);
	if (number < call->sensor->ring_count && call->sensor->rings[number].consumer)
		return &call->sensor->rings[number];
	napi_throw_range_error(call->env, NULL, "no such ring");
	return NULL;
}

static napi_value load(napi_env env, napi_callback_info info)
{
	struct call call;
	char object[TEXT_BYTES], programs[TEXT_BYTES];
	if (!call_begin(&call, env, info, 2) || !call_text(&call, 0, object) || !call_text(&call, 1, programs))
		return NULL;
	log_clear();
	/* The kernel gives up a program when a signal comes while it looks at it: enough of them would leave none. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int outcome = sensor_load(call.sensor, object, programs);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return call_outcome(&call, outcome);
}

static napi_value hookable(napi_env env, napi_callback_info info)
{
	struct call call;
	char function[TEXT_BYTES];
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, function))
		return NULL;
	log_clear();
	return call_outcome(&call, sensor_hookable(function));
}

static napi_value attach(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES];
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, program))
		return NULL;
	log_clear();
	return call_outcome(&call, sensor_attach(call.sensor, program));
}

static napi_value attach_tracepoint(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES], event[TEXT_BYTES];
	if (!call_begin(&call, env, info, 2) || !call_text(&call, 0, program) || !call_text(&call, 1, event))
		return NULL;
	log_clear();
	return call_outcome(&call, sensor_attach_tracepoint(call.sensor, program, event));
}

static napi_value attach_cgroup(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES], directory[TEXT_BYTES];
	if (!call_begin(&call, env, info, 2) || !call_text(&call, 0, program) || !call_text(&call, 1, directory))
		return NULL;
	log_clear();
	return call_outcome(&call, sensor_attach_cgroup(call.sensor, program, directory));
}

static napi_value detach(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES];
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, program))
		return NULL;
	log_clear();
	return call_outcome(&call, sensor_detach(call.sensor, program));
}

static napi_value hangs(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES];
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, program))
		return NULL;
	log_clear();
	return call_outcome(&call, sensor_hangs(call.sensor, program));
}

static napi_value open_ring(napi_env env, napi_callback_info info)
{
	struct call call;
	char name[TEXT_BYTES];
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, name))
		return NULL;
	int index = ring_open(call.sensor, name);
	return index < 0 ? call_fail(&call, name, index) : call_number(&call, index);
}

static napi_value drain(napi_env env, napi_callback_info info)
{
	struct call call;
	void *bytes;
	size_t length;
	if (!call_begin(&call, env, info, 2))
		return NULL;
	struct ring *ring = ring_of(&call, 0);
	if (!ring || !call_bytes(&call, 1, &bytes, &length))
		return NULL;
	sensor_mark_read(call.sensor, false);
	return call_number(&call, ring_drain(ring, bytes, length));
}

static napi_value release(napi_env env, napi_callback_info info)
{
	struct call call;
	int64_t position = -1;
	if (!call_begin(&call, env, info, 2))
		return NULL;
	struct ring *ring = ring_of(&call, 0);
	if (!ring)
		return NULL;
	napi_get_value_int64(env, call.arguments[1], &position);
	int error = ring_release(ring, position);
	return error ? call_fail(&call, "release", error) : NULL;
}

static void end_waiting(void *data)
{
	struct sensor *sensor = data;
	waiting_free(sensor->waiting);
	sensor->waiting = NULL;
}

static napi_value on_filled(napi_env env, napi_callback_info info)
{
	struct call call;
	if (!call_begin(&call, env, info, 1))
		return NULL;
	end_waiting(call.sensor);
	call.sensor->waiting = waiting_make(env, call.arguments[0]);
	/* What was added last is called first: the thread ends before what it calls does. */
	napi_remove_env_cleanup_hook(env, end_waiting, call.sensor);
	napi_add_env_cleanup_hook(env, end_waiting, call.sensor);
	return NULL;
}

static napi_value wait_filled(napi_env env, napi_callback_info info)
{
	struct call call;
	uint32_t every_ms = 0, at_most_ms = 0;
	if (!call_begin(&call, env, info, 2))
		return NULL;
	napi_get_value_uint32(env, call.arguments[0], &every_ms);
	napi_get_value_uint32(env, call.arguments[1], &at_most_ms);
	if (!call.sensor->waiting || every_ms == 0)
		napi_throw_range_error(env, NULL, "nobody to call, or no time between two looks");
	else
		waiting_begin(call.sensor->waiting, call.sensor, every_ms, at_most_ms);
	return NULL;
}

/* [produced, released, read, size, refused] */
static napi_value ring_state(napi_env env, napi_callback_info info)
{
	struct call call;
	if (!call_begin(&call, env, info, 1))
		return NULL;
	struct ring *ring = ring_of(&call, 0);
	if (!ring)
		return NULL;
	/* Whoever asks how full it is reads on when it can. */
	sensor_mark_read(call.sensor, false);
	const double values[] = {
		__atomic_load_n(ring->producer, __ATOMIC_ACQUIRE),
		__atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE),
		ring->cursor,
		ring->size,
		ring->refused,
		ring->is_cut,
	};
	const uint32_t count = sizeof(values) / sizeof(*values);
	napi_value list;
	napi_create_array_with_length(env, count, &list);
	for (uint32_t i = 0; i < count; i++)
		napi_set_element(env, list, i, call_number(&call, values[i]));
	return list;
}

/* Keys lie one after the other; so do values. Gives how many were written: fewer than asked when the map is full. */
static napi_value map_update(napi_env env, napi_callback_info info)
{
	struct call call;
	uint8_t *keys, *values;
	size_t key_bytes, value_bytes;
	if (!call_begin(&call, env, info, 3))
		return NULL;
	struct shared_map *map = call_map(&call);
	if (!map || !call_bytes(&call, 1, (void **)&keys, &key_bytes) || !call_bytes(&call, 2, (void **)&values, &value_bytes))
		return NULL;
	size_t key_size = map->key_size, value_size = map->value_size;
	size_t count = key_size ? key_bytes / key_size : 0, done = 0; /* a ring has no keys */
	if (key_size == 0 || key_bytes % key_size != 0 || value_bytes != count * value_size)
		return call_fail(&call, "map_update", -EINVAL);
	for (size_t i = 0; i < count; i++)
		done += bpf_map_update_elem(map->file, keys + i * key_size, values + i * value_size, BPF_ANY) == 0;
	return call_number(&call, done);
}

static napi_value map_delete(napi_env env, napi_callback_info info)
{
	struct call call;
	uint8_t *keys;
	size_t key_bytes, done = 0;
	if (!call_begin(&call, env, info, 2))
		return NULL;
	struct shared_map *map = call_map(&call);
	if (!map || !call_bytes(&call, 1, (void **)&keys, &key_bytes))
		return NULL;
	size_t key_size = map->key_size;
	if (key_size == 0 || key_bytes % key_size != 0)
		return call_fail(&call, "map_delete", -EINVAL);
	for (size_t i = 0; i < key_bytes / key_size; i++)
		done += bpf_map_delete_elem(map->file, keys + i * key_size) == 0;
	return call_number(&call, done);
}

/* The value of one key; of a per-processor map, one value for each processor, each rounded up to 8 bytes. */
static napi_value map_lookup(napi_env env, napi_callback_info info)
{
	struct call call;
	void *key, *value;
	size_t key_bytes;
	napi_value result = NULL;
	if (!call_begin(&call, env, info, 2))
		return NULL;
	struct shared_map *map = call_map(&call);
	if (!map || !call_bytes(&call, 1, &key, &key_bytes))
		return NULL;
	if (key_bytes != map->key_size)
		return call_fail(&call, "map_lookup", -EINVAL);
	size_t size = map->value_size;
	if (map->type == BPF_MAP_TYPE_PERCPU_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_HASH)
		size = ((size + 7) & ~(size_t)7) * libbpf_num_possible_cpus();
	if (napi_create_buffer(env, size, &value, &result) != napi_ok)
		return NULL;
	if (bpf_map_lookup_elem(map->file, key, value))
		return call_fail(&call, "map_lookup", -errno);
	return result;
}

static napi_value name_own(napi_env env, napi_callback_info info)
{
	struct call call;
	if (!call_begin(&call, env, info, 0))
		return NULL;
	log_clear();
	return call_outcome(&call, sensor_name_own(call.sensor));
}

/* The process at the other end of a Unix socket's descriptor: who listened there, or connected. 0 where nobody knows. */
static napi_value peer_of(napi_env env, napi_callback_info info)
{
	struct call call;
	int32_t file = -1;
	struct ucred peer = { 0 };
	socklen_t length = sizeof(peer);
	if (!call_begin(&call, env, info, 1))
		return NULL;
	napi_get_value_int32(env, call.arguments[0], &file);
	return call_number(&call, getsockopt(file, SOL_SOCKET, SO_PEERCRED, &peer, &length) ? 0 : peer.pid);
}

static napi_value missed(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES];
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, program))
		return NULL;
	long count = sensor_missed(call.sensor, program);
	return call_number(&call, count < 0 ? 0 : count);
}

static napi_value iterate(napi_env env, napi_callback_info info)
{
	struct call call;
	char program[TEXT_BYTES];
	uint8_t *bytes = NULL;
	napi_value result = NULL;
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, program))
		return NULL;
	long length = sensor_iterate(call.sensor, program, &bytes);
	if (length < 0)
		return call_fail(&call, program, length);
	napi_create_buffer_copy(env, length, bytes, NULL, &result);
	free(bytes);
	return result;
}

static napi_value let_go(napi_env env, napi_callback_info info)
{
	struct call call;
	if (call_begin(&call, env, info, 0))
		sensor_let_go(call.sensor);
	return NULL;
}

static napi_value close_all(napi_env env, napi_callback_info info)
{
	struct call call;
	if (!call_begin(&call, env, info, 0))
		return NULL;
	end_waiting(call.sensor);
	sensor_close(call.sensor);
	return NULL;
}

static void forget(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	end_waiting(data);
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
		{ "hookable", hookable },
		{ "attach", attach },
		{ "attachTracepoint", attach_tracepoint },
		{ "attachCgroup", attach_cgroup },
		{ "detach", detach },
		{ "hangs", hangs },
		{ "missed", missed },
		{ "openRing", open_ring },
		{ "drain", drain },
		{ "release", release },
		{ "ringState", ring_state },
		{ "onFilled", on_filled },
		{ "waitFilled", wait_filled },
		{ "mapUpdate", map_update },
		{ "mapDelete", map_delete },
		{ "mapLookup", map_lookup },
		{ "mapSums", map_sums },
		{ "lockFolder", lock_folder },
		{ "markRead", mark_read },
		{ "mapShape", map_shape },
		{ "mapKeys", map_keys },
		{ "mapId", map_id },
		{ "makeMap", make_map },
		{ "pinMap", pin_map },
		{ "pinLink", pin_link },
		{ "adoptMap", adopt_map },
		{ "adoptLink", adopt_link },
		{ "forgetMaps", forget_maps },
		{ "programOfLink", program_of_link },
		{ "missedOfLink", missed_of_link },
		{ "typesOfLink", types_of_link },
		{ "programExists", program_exists },
		{ "nameOwn", name_own },
		{ "peerOf", peer_of },
		{ "iterate", iterate },
		{ "letGo", let_go },
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
