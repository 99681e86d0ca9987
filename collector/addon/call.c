/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

bool call_begin(struct call *call, napi_env env, napi_callback_info info, size_t wanted)
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

napi_value call_fail(struct call *call, const char *what, long error)
{
	char text[256];
	snprintf(text, sizeof(text), "%.100s: %s", what, strerror(-error));
	napi_throw_error(call->env, name_of(-error), text);
	return NULL;
}

bool call_text(struct call *call, int index, char *text)
{
	size_t length = 0;
	if (napi_get_value_string_utf8(call->env, call->arguments[index], text, TEXT_BYTES, &length) == napi_ok)
		return true;
	napi_throw_type_error(call->env, NULL, "a string is expected");
	return false;
}

bool call_bytes(struct call *call, int index, void **bytes, size_t *length)
{
	if (napi_get_buffer_info(call->env, call->arguments[index], bytes, length) == napi_ok)
		return true;
	napi_throw_type_error(call->env, NULL, "a Buffer is expected");
	return false;
}

napi_value call_number(struct call *call, double value)
{
	napi_value result = NULL;
	napi_create_double(call->env, value, &result);
	return result;
}

/* Empty: it worked. Else the error's name, a line break, and what libbpf and the verifier said. */
napi_value call_outcome(struct call *call, int error)
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

struct shared_map *call_map(struct call *call)
{
	char name[TEXT_BYTES];
	if (!call_text(call, 0, name))
		return NULL;
	struct shared_map *map = sensor_map(call->sensor, name);
	if (!map)
		call_fail(call, name, -ENOENT);
	return map;
}
