/* SPDX-License-Identifier: MIT */
/* window.h -- the one range of addresses in which every source image lies.
 *
 * Reserved once, without memory, at a fixed preferred address; images are mapped over slots of it.  Any thread may take and give back
 * slots. */
#ifndef ATOLL_WINDOW_H
#define ATOLL_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reserves the window (once; later calls do nothing).  ATOLL_WINDOW=elsewhere in the environment puts it somewhere else, so that every image
 * is relocated.  False: no address space. */
bool window_init(void);

/* Where slot PREFERRED begins if the window is where images expect it. */
uint64_t window_preferred_address(unsigned slot);

/* Takes a run of slots for SIZE bytes: PREFERRED when it is free, else any.  Answers the address, 0 when the window is full. */
uint64_t window_take(unsigned preferred, size_t size);

/* Unmaps what stands in the slots from ADDRESS on and gives them back. */
void window_give_back(uint64_t address, size_t size);

#endif
