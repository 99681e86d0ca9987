/* SPDX-License-Identifier: Apache-2.0 */
/* The calls around what outlives a process: maps and links that are pinned, taken over, looked at, let go of. */
#include "pins.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* "" when the folder is ours until `close` or the end of the process; EWOULDBLOCK when another process has it. */
napi_value lock_folder(napi_env env, napi_callback_info info)
{
	struct call call;
	char path[TEXT_BYTES];
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, path))
		return NULL;
	log_clear();
	int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file < 0)
		return call_outcome(&call, -errno);
	if (flock(file, LOCK_EX | LOCK_NB)) {
		int error = -errno;
		close(file);
		return call_outcome(&call, error);
	}
	call.sensor->lock = file;
	return call_outcome(&call, 0);
}

/* Somebody reads, and is expected again within so many milliseconds (0: as was said before). */
napi_value mark_read(napi_env env, napi_callback_info info)
{
	struct call call;
	uint32_t patience_ms = 0;
	if (!call_begin(&call, env, info, 1))
		return NULL;
	napi_get_value_uint32(env, call.arguments[0], &patience_ms);
	if (patience_ms)
		call.sensor->patience_ns = patience_ms * 1000000ULL;
	sensor_mark_read(call.sensor, true);
	return NULL;
}

/* [type, bytes of a key, bytes of a value, entries] */
napi_value map_shape(napi_env env, napi_callback_info info)
{
	struct call call;
	napi_value list = NULL;
	if (!call_begin(&call, env, info, 1))
		return NULL;
	struct shared_map *map = call_map(&call);
	if (!map)
		return NULL;
	const uint32_t facts[] = { map->type, map->key_size, map->value_size, map->max_entries };
	napi_create_array_with_length(env, 4, &list);
	for (uint32_t i = 0; i < 4; i++)
		napi_set_element(env, list, i, call_number(&call, facts[i]));
	return list;
}

/* All keys of a map, one after the other. */
napi_value map_keys(napi_env env, napi_callback_info info)
{
	struct call call;
	napi_value result = NULL;
	if (!call_begin(&call, env, info, 1))
		return NULL;
	struct shared_map *map = call_map(&call);
	if (!map)
		return NULL;
	size_t size = map->key_size, used = 0, room = size * map->max_entries;
	uint8_t *keys = calloc(1, room + 1);
	if (!keys || size == 0) {
		free(keys);
		return call_fail(&call, "map_keys", -EINVAL);
	}
	while (used + size <= room && bpf_map_get_next_key(map->file, used ? keys + used - size : NULL, keys + used) == 0)
		used += size;
	napi_create_buffer_copy(env, used, keys, NULL, &result);
	free(keys);
	return result;
}

/* A number that names the map for as long as this machine runs. */
napi_value map_id(napi_env env, napi_callback_info info)
{
	struct call call;
	if (!call_begin(&call, env, info, 1))
		return NULL;
	struct shared_map *map = call_map(&call);
	return map ? call_number(&call, map->id) : NULL;
}

napi_value make_map(napi_env env, napi_callback_info info)
{
	struct call call;
	char name[TEXT_BYTES];
	uint32_t value_size = 0;
	if (!call_begin(&call, env, info, 2) || !call_text(&call, 0, name))
		return NULL;
	napi_get_value_uint32(env, call.arguments[1], &value_size);
	log_clear();
	return call_outcome(&call, sensor_make_map(call.sensor, name, value_size));
}

/* What the four have in common: a name and a path. */
static napi_value named_path(napi_env env, napi_callback_info info, int (*act)(struct sensor *, const char *, const char *))
{
	struct call call;
	char name[TEXT_BYTES], path[TEXT_BYTES];
	if (!call_begin(&call, env, info, 2) || !call_text(&call, 0, name) || !call_text(&call, 1, path))
		return NULL;
	log_clear();
	return call_outcome(&call, act(call.sensor, name, path));
}

napi_value pin_map(napi_env env, napi_callback_info info)
{
	return named_path(env, info, sensor_pin_map);
}

napi_value pin_link(napi_env env, napi_callback_info info)
{
	return named_path(env, info, sensor_pin_link);
}

napi_value adopt_map(napi_env env, napi_callback_info info)
{
	return named_path(env, info, sensor_adopt_map);
}

napi_value adopt_link(napi_env env, napi_callback_info info)
{
	return named_path(env, info, sensor_adopt_link);
}

napi_value forget_maps(napi_env env, napi_callback_info info)
{
	struct call call;
	char prefix[TEXT_BYTES];
	if (call_begin(&call, env, info, 1) && call_text(&call, 0, prefix))
		sensor_forget(call.sensor, prefix);
	return NULL;
}

/* The number of the program behind a pinned link. */
napi_value program_of_link(napi_env env, napi_callback_info info)
{
	struct call call;
	char path[TEXT_BYTES];
	struct bpf_link_info link = { 0 };
	uint32_t length = sizeof(link);
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, path))
		return NULL;
	int file = bpf_obj_get(path);
	if (file < 0)
		return call_fail(&call, path, -errno);
	int error = bpf_obj_get_info_by_fd(file, &link, &length) ? -errno : 0;
	close(file);
	return error ? call_fail(&call, path, error) : call_number(&call, link.prog_id);
}

/* What the kernel says of the program that hangs on a link; 0, or a negative error number. */
static long program_of_link_file(int file, struct bpf_prog_info *program)
{
	struct bpf_link_info link = { 0 };
	uint32_t length = sizeof(link);
	if (bpf_obj_get_info_by_fd(file, &link, &length))
		return -errno;
	int program_file = bpf_prog_get_fd_by_id(link.prog_id);
	if (program_file < 0)
		return -errno;
	length = sizeof(*program);
	long error = bpf_obj_get_info_by_fd(program_file, program, &length) ? -errno : 0;
	close(program_file);
	return error;
}

/* As `missed`, of the program behind a pinned link. */
napi_value missed_of_link(napi_env env, napi_callback_info info)
{
	struct call call;
	char path[TEXT_BYTES];
	struct bpf_prog_info program = { 0 };
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, path))
		return NULL;
	int file = bpf_obj_get(path);
	long error = file < 0 ? -errno : program_of_link_file(file, &program);
	if (file >= 0)
		close(file);
	return call_number(&call, error ? 0 : program.recursion_misses);
}

/* Opens the type information of the program that hangs on a link; 0, or a negative error number. */
static long btf_of_link_file(int file, int *btf)
{
	struct bpf_prog_info program = { 0 };
	long error = program_of_link_file(file, &program);
	if (error)
		return error;
	*btf = program.btf_id == 0 ? -1 : bpf_btf_get_fd_by_id(program.btf_id);
	return program.btf_id == 0 ? -ENOENT : *btf < 0 ? -errno : 0;
}

/* The types that the program behind a pinned link was built with, as the kernel keeps them. */
napi_value types_of_link(napi_env env, napi_callback_info info)
{
	struct call call;
	char path[TEXT_BYTES];
	struct bpf_btf_info types = { 0 };
	uint32_t length = sizeof(types);
	napi_value result = NULL;
	uint8_t *bytes = NULL;
	int btf = -1;
	if (!call_begin(&call, env, info, 1) || !call_text(&call, 0, path))
		return NULL;
	int file = bpf_obj_get(path);
	if (file < 0)
		return call_fail(&call, path, -errno);
	long error = btf_of_link_file(file, &btf);
	close(file);
	/* Once for the size, once for the bytes. */
	if (!error && bpf_obj_get_info_by_fd(btf, &types, &length))
		error = -errno;
	if (!error && types.btf_size > TYPES_BYTES_MAX)
		error = -E2BIG;
	uint32_t size = types.btf_size;
	bytes = error ? NULL : malloc(size + 1);
	if (!error && !bytes)
		error = -ENOMEM;
	if (!error) {
		memset(&types, 0, sizeof(types));
		types.btf = (uintptr_t)bytes;
		types.btf_size = size;
		length = sizeof(types);
		error = bpf_obj_get_info_by_fd(btf, &types, &length) ? -errno : 0;
	}
	if (!error)
		napi_create_buffer_copy(env, size, bytes, NULL, &result);
	free(bytes);
	if (btf >= 0)
		close(btf);
	return error ? call_fail(&call, path, error) : result;
}

napi_value program_exists(napi_env env, napi_callback_info info)
{
	struct call call;
	uint32_t id = 0;
	napi_value result = NULL;
	if (!call_begin(&call, env, info, 1))
		return NULL;
	napi_get_value_uint32(env, call.arguments[0], &id);
	int file = bpf_prog_get_fd_by_id(id);
	bool exists = file >= 0 || errno != ENOENT;
	if (file >= 0)
		close(file);
	napi_get_boolean(env, exists, &result);
	return result;
}
