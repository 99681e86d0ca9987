/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To wake up in JavaScript costs some 300 us of a processor whose caches are others' by then; a look at two numbers in
 * memory costs some 10. So between events a thread of ours looks, and calls when there is something.
 *
 *   lock: is_waiting, the rings, the times | turn: told when a wait begins, or all ends
 */
#include "waiting.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define STACK_BYTES (64 * 1024)

struct watched_ring {
	const uint64_t *producer;
	uint64_t cursor;
};

struct waiting {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	napi_threadsafe_function wake;
	struct watched_ring rings[RINGS_MAX];
	size_t ring_count;
	struct timespec until;
	uint64_t every_ns;
	bool is_waiting;
	bool has_ended;
};

static struct timespec after(struct timespec from, uint64_t ns)
{
	ns += from.tv_nsec;
	return (struct timespec){ from.tv_sec + ns / 1000000000, ns % 1000000000 };
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static bool is_filled(const struct waiting *waiting)
{
	for (size_t i = 0; i < waiting->ring_count; i++)
		if ((__atomic_load_n(waiting->rings[i].producer, __ATOMIC_ACQUIRE) & ~7ULL) != waiting->rings[i].cursor)
			return true;
	return false;
}

/* Until the next look is due, a wait begins, or all ends. With the lock. */
static void rest(struct waiting *waiting)
{
	struct timespec now;
	if (!waiting->is_waiting) {
		pthread_cond_wait(&waiting->turn, &waiting->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	struct timespec next = after(now, waiting->every_ns);
	pthread_cond_timedwait(&waiting->turn, &waiting->lock, &next);
}

/* Calls when the wait is over, or nothing more is to be waited for. With the lock. */
static void call_when_due(struct waiting *waiting)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!waiting->is_waiting || (is_before(&now, &waiting->until) && !is_filled(waiting)))
		return;
	waiting->is_waiting = false;
	/* Never waits: its queue has no end, and holds one call at most. */
	napi_call_threadsafe_function(waiting->wake, NULL, napi_tsfn_nonblocking);
}

/* Looks before it rests: a wait may have begun, and been cut, before this thread ran for the first time. */
static void *look(void *data)
{
	struct waiting *waiting = data;
	pthread_mutex_lock(&waiting->lock);
	while (!waiting->has_ended) {
		call_when_due(waiting);
		rest(waiting);
	}
	pthread_mutex_unlock(&waiting->lock);
	return NULL;
}

static bool start(struct waiting *waiting)
{
	pthread_condattr_t clock;
	pthread_attr_t small;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&waiting->lock, NULL);
	pthread_cond_init(&waiting->turn, &clock);
	pthread_condattr_destroy(&clock);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK_BYTES);
	/* Signals are for threads that know what to do with them. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool has_started = pthread_create(&waiting->thread, &small, look, waiting) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&small);
	if (has_started)
		pthread_setname_np(waiting->thread, "rings");
	return has_started;
}

struct waiting *waiting_make(napi_env env, napi_value wake)
{
	napi_value name;
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	if (!waiting || napi_create_string_utf8(env, "atalaya:filled", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_create_threadsafe_function(env, wake, NULL, name, 0, 1, NULL, NULL, NULL, NULL, &waiting->wake) != napi_ok) {
		free(waiting);
		napi_throw_error(env, NULL, "no function to call from a thread");
		return NULL;
	}
	if (!start(waiting)) {
		napi_release_threadsafe_function(waiting->wake, napi_tsfn_abort);
		free(waiting);
		napi_throw_error(env, NULL, "no thread to look at the rings");
		return NULL;
	}
	/* A program that has nothing else to do may end. */
	napi_unref_threadsafe_function(env, waiting->wake);
	return waiting;
}

void waiting_begin(struct waiting *waiting, const struct sensor *sensor, uint32_t every_ms, uint32_t at_most_ms)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&waiting->lock);
	waiting->ring_count = 0;
	for (size_t i = 0; i < sensor->ring_count; i++)
		if (sensor->rings[i].consumer)
			waiting->rings[waiting->ring_count++] =
				(struct watched_ring){ sensor->rings[i].producer, sensor->rings[i].cursor };
	waiting->every_ns = every_ms * 1000000ULL;
	waiting->until = after(now, at_most_ms * 1000000ULL);
	waiting->is_waiting = true;
	pthread_cond_signal(&waiting->turn);
	pthread_mutex_unlock(&waiting->lock);
}

void waiting_cut(struct waiting *waiting)
{
	if (!waiting)
		return;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&waiting->lock);
	waiting->ring_count = 0;
	waiting->until = now;
	pthread_cond_signal(&waiting->turn);
	pthread_mutex_unlock(&waiting->lock);
}

void waiting_free(struct waiting *waiting)
{
	if (!waiting)
		return;
	pthread_mutex_lock(&waiting->lock);
	waiting->is_waiting = false;
	waiting->has_ended = true;
	pthread_cond_signal(&waiting->turn);
	pthread_mutex_unlock(&waiting->lock);
	pthread_join(waiting->thread, NULL);
	napi_release_threadsafe_function(waiting->wake, napi_tsfn_abort);
	pthread_cond_destroy(&waiting->turn);
	pthread_mutex_destroy(&waiting->lock);
	free(waiting);
}
