/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATALAYA_SHARED_MAPS_H
#define ATALAYA_SHARED_MAPS_H

#include "sensor.h"

/* Remembers a map by its name, and owns `file` from then on, also when it fails. 0 or a negative errno. */
int map_remember(struct sensor *sensor, const char *name, int file);
/* Whether what is open says so of itself: "map_type:", "link_type:". The kernel tells a file's kind in no other way. */
bool is_what(int file, const char *fact);

#endif
