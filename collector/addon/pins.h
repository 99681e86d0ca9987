/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATALAYA_PINS_H
#define ATALAYA_PINS_H

#include "call.h"

/* Ours take about 20 KiB. */
#define TYPES_BYTES_MAX (4 * 1024 * 1024)

napi_value lock_folder(napi_env env, napi_callback_info info);
napi_value mark_read(napi_env env, napi_callback_info info);
napi_value map_shape(napi_env env, napi_callback_info info);
napi_value map_keys(napi_env env, napi_callback_info info);
napi_value map_id(napi_env env, napi_callback_info info);
napi_value make_map(napi_env env, napi_callback_info info);
napi_value pin_map(napi_env env, napi_callback_info info);
napi_value pin_link(napi_env env, napi_callback_info info);
napi_value adopt_map(napi_env env, napi_callback_info info);
napi_value adopt_link(napi_env env, napi_callback_info info);
napi_value forget_maps(napi_env env, napi_callback_info info);
napi_value program_of_link(napi_env env, napi_callback_info info);
napi_value missed_of_link(napi_env env, napi_callback_info info);
napi_value types_of_link(napi_env env, napi_callback_info info);
napi_value program_exists(napi_env env, napi_callback_info info);

#endif
