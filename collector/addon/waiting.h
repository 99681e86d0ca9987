/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that waits until something lies in a ring, so that JavaScript has to wake up only where something does. */
#ifndef ATALAYA_WAITING_H
#define ATALAYA_WAITING_H

#include "sensor.h"
#include <node_api.h>

struct waiting;

/* Calls `wake` (no arguments, on the thread of `env`) whenever a wait ends by itself. NULL, with an exception, where that cannot be. */
struct waiting *waiting_make(napi_env env, napi_value wake);
/*
 * From now on the kernel's programs tell of what they bring, and a look after `every_ms` finds what was on its way; where they
 * cannot tell, a look is taken every so many milliseconds. The first that finds what is not drained yet, or the time that is
 * over, ends the wait. A wait before is replaced. The rings must not be closed while it goes on.
 */
void waiting_begin(struct waiting *waiting, struct sensor *sensor, uint32_t every_ms, uint32_t at_most_ms);
/* No ring is looked at from then on, as if the time of a wait were over: whoever waits is called, and begins anew. NULL: nobody waits. */
void waiting_cut(struct waiting *waiting);
/* Ends the thread and forgets everything; NULL is nothing to end. */
void waiting_free(struct waiting *waiting);

#endif
