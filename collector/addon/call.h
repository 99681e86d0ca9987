/* SPDX-License-Identifier: Apache-2.0 */
/* One call from JavaScript: its arguments, and how it is answered. */
#ifndef ATALAYA_CALL_H
#define ATALAYA_CALL_H

#define NAPI_VERSION 8
#include "sensor.h"
#include <node_api.h>

#define ARGUMENTS_MAX 4
#define TEXT_BYTES 4096

struct call {
	napi_env env;
	struct sensor *sensor;
	napi_value arguments[ARGUMENTS_MAX];
};

/* False when an exception was thrown: return then. */
bool call_begin(struct call *call, napi_env env, napi_callback_info info, size_t wanted);
/* `text` has room for TEXT_BYTES. */
bool call_text(struct call *call, int index, char *text);
bool call_bytes(struct call *call, int index, void **bytes, size_t *length);
/* The map that the first argument names; NULL when there is none, and an exception was thrown. */
struct shared_map *call_map(struct call *call);
napi_value call_number(struct call *call, double value);
/* "" when `error` is 0, else its name, a line break, and what libbpf and the verifier said. */
napi_value call_outcome(struct call *call, int error);
/* Throws. */
napi_value call_fail(struct call *call, const char *what, long error);

#endif
