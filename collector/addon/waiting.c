/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To wake up in JavaScript costs some 300 us of a processor whose caches are others' by then, and to look at two numbers in
 * memory some 30 to 80. So where nothing happens a thread of ours rests until the kernel's programs wake it (`resting` in
 * bpf/maps.h), which they do once for each rest: who is at work is not disturbed by a wake-up for each record.
 *
 *   lock: is_waiting, the rings, the times | turn: told when a wait begins, or all ends
 */
#include "waiting.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (64 * 1024)

struct watched_ring {
	const uint64_t *producer;
	uint64_t cursor;
};

struct waiting {
	pthread_t thread;
	pthread_mutex_t lock;
	napi_threadsafe_function wake;
	struct watched_ring rings[RINGS_MAX];
	size_t ring_count;
	struct timespec until;
	uint32_t every_ms;
	int events; /* the files of the rings, and `turn` */
	int turn;
	struct timespec first_look;
	bool wakes; /* whoever fills one of the rings wakes us up, once it has seen that we rest */
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

/* For so long from now, rounded up; -1: for ever. With the lock. */
static int rest_ms(const struct waiting *waiting)
{
	struct timespec now;
	if (!waiting->is_waiting)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	struct timespec next = waiting->until;
	struct timespec look = waiting->first_look;
	if (!waiting->wakes)
		look = after(now, waiting->every_ms * 1000000ULL);
	/* One look is taken in any case: a record that was on its way when the rest began may have found nobody to wake up. */
	if (is_before(&now, &look) && is_before(&look, &next))
		next = look;
	int64_t left = (next.tv_sec - now.tv_sec) * 1000LL + (next.tv_nsec - now.tv_nsec) / 1000000 + 1;
	return left < 0 ? 0 : (int)left;
}

static void tell(struct waiting *waiting)
{
	eventfd_write(waiting->turn, 1);
}

/* Until the next look is due, a ring is filled, a wait begins, or all ends. With the lock, which is open meanwhile. */
static void rest(struct waiting *waiting)
{
	struct epoll_event found[RINGS_MAX + 1];
	eventfd_t told;
	int ms = rest_ms(waiting);
	pthread_mutex_unlock(&waiting->lock);
	int count = epoll_wait(waiting->events, found, RINGS_MAX + 1, ms);
	pthread_mutex_lock(&waiting->lock);
	for (int i = 0; i < count; i++)
		if (found[i].data.fd == waiting->turn)
			eventfd_read(waiting->turn, &told);
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

static bool start_thread(struct waiting *waiting)
{
	pthread_attr_t small;
	pthread_mutex_init(&waiting->lock, NULL);
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
	else
		pthread_mutex_destroy(&waiting->lock);
	return has_started;
}

static bool start(struct waiting *waiting)
{
	waiting->events = epoll_create1(EPOLL_CLOEXEC);
	waiting->turn = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct epoll_event told = { .events = EPOLLIN, .data.fd = waiting->turn };
	if (waiting->events >= 0 && waiting->turn >= 0 &&
	    epoll_ctl(waiting->events, EPOLL_CTL_ADD, waiting->turn, &told) == 0 && start_thread(waiting))
		return true;
	if (waiting->events >= 0)
		close(waiting->events);
	if (waiting->turn >= 0)
		close(waiting->turn);
	return false;
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

/*
 * Tells the kernel's programs that somebody rests. False where a ring is there whose programs do not look for that (of a
 * process before this one, while both are read), or they cannot be told: then we look ourselves.
 */
static bool ask_for_wakes(struct waiting *waiting, struct sensor *sensor)
{
	uint32_t zero = 0, one = 1;
	struct shared_map *resting = sensor_map(sensor, "resting");
	for (size_t i = 0; i < sensor->ring_count; i++) {
		const struct ring *ring = &sensor->rings[i];
		const struct shared_map *map = ring->consumer ? sensor_map(sensor, ring->map) : NULL;
		/* Each time that it is woken: what lies in the ring and is not given back yet is no news. */
		struct epoll_event filled = { .events = EPOLLIN | EPOLLET, .data.fd = map ? map->file : -1 };
		if (ring->consumer && (!map || strchr(ring->map, '/')))
			return false;
		/* A file that is closed leaves by itself, and its number comes again. */
		if (map && epoll_ctl(waiting->events, EPOLL_CTL_ADD, map->file, &filled) && errno != EEXIST)
			return false;
	}
	return resting && bpf_map_update_elem(resting->file, &zero, &one, BPF_ANY) == 0;
}

void waiting_begin(struct waiting *waiting, struct sensor *sensor, uint32_t every_ms, uint32_t at_most_ms)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	bool wakes = ask_for_wakes(waiting, sensor);
	pthread_mutex_lock(&waiting->lock);
	waiting->ring_count = 0;
	for (size_t i = 0; i < sensor->ring_count; i++)
		if (sensor->rings[i].consumer)
			waiting->rings[waiting->ring_count++] =
				(struct watched_ring){ sensor->rings[i].producer, sensor->rings[i].cursor };
	waiting->every_ms = every_ms;
	waiting->until = after(now, at_most_ms * 1000000ULL);
	waiting->first_look = after(now, every_ms * 1000000ULL);
	waiting->wakes = wakes;
	waiting->is_waiting = true;
	tell(waiting);
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
	tell(waiting);
	pthread_mutex_unlock(&waiting->lock);
}

void waiting_free(struct waiting *waiting)
{
	if (!waiting)
		return;
	pthread_mutex_lock(&waiting->lock);
	waiting->is_waiting = false;
	waiting->has_ended = true;
	tell(waiting);
	pthread_mutex_unlock(&waiting->lock);
	pthread_join(waiting->thread, NULL);
	napi_release_threadsafe_function(waiting->wake, napi_tsfn_abort);
	close(waiting->events);
	close(waiting->turn);
	pthread_mutex_destroy(&waiting->lock);
	free(waiting);
}
