/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATALAYA_SUMS_H
#define ATALAYA_SUMS_H

#include "call.h"

napi_value map_sums(napi_env env, napi_callback_info info);

#endif
