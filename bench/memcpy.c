/*
 * Copyright 2026 The hb_beamr authors
 * SPDX-License-Identifier: Apache-2.0
 */

/* The floor for copies: memcpy of 1 MiB between two buffers. Prints minimum and median in ns. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kSize = 1 << 20, kRounds = 101 };

static int compare(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

int main(void) {
  char *from = malloc(kSize), *to = malloc(kSize);
  uint64_t times[kRounds];
  if (!from || !to) return EXIT_FAILURE;
  memset(from, 1, kSize);
  memset(to, 2, kSize);
  for (int i = 0; i < kRounds; ++i) {
    from[i] = (char)i;
    const uint64_t start = now();
    memcpy(to, from, kSize);
    __asm__ volatile("" : : "r"(to) : "memory"); /* keeps the copy */
    times[i] = now() - start;
  }
  qsort(times, kRounds, sizeof times[0], compare);
  printf("%llu %llu\n", (unsigned long long)times[0], (unsigned long long)times[kRounds / 2]);
  return EXIT_SUCCESS;
}
