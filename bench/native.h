/*
 * Copyright 2026 The hb_beamr authors
 * SPDX-License-Identifier: Apache-2.0
 */

/*
 * Kernels as a program of this machine. It runs each of them and prints, a line each: its name, its
 * result, minimum and median in ns. With the argument --ask it reads lines "name argument" instead,
 * runs that kernel once and answers "result ns", for who measures it in turns with something else.
 */
#ifndef HB_BEAMR_BENCH_NATIVE_H
#define HB_BEAMR_BENCH_NATIVE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  const char *name;
  int32_t (*run)(int32_t);
  int32_t argument;
} Kernel;

enum { kRounds = 21 };

static int compare(const void *x, const void *y) {
  const uint64_t one = *(const uint64_t *)x, other = *(const uint64_t *)y;
  return (one > other) - (one < other);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* Answers the time. The argument is one that the compiler does not know. */
static uint64_t run_once(const Kernel *kernel, volatile int32_t argument, int32_t *result) {
  const uint64_t begin = now();
  *result = kernel->run(argument);
  return now() - begin;
}

static void run_rounds(const Kernel *kernel) {
  uint64_t times[kRounds];
  int32_t result = 0;
  for (int i = 0; i < kRounds; ++i) times[i] = run_once(kernel, kernel->argument, &result);
  qsort(times, kRounds, sizeof times[0], compare);
  printf("%s %d %llu %llu\n", kernel->name, result, (unsigned long long)times[0],
         (unsigned long long)times[kRounds / 2]);
}

static int answer(const Kernel *kernels, size_t count) {
  char name[16];
  int argument;
  while (scanf("%15s %d", name, &argument) == 2) {
    const Kernel *kernel = kernels;
    while (kernel < kernels + count && strcmp(kernel->name, name) != 0) ++kernel;
    if (kernel == kernels + count) return EXIT_FAILURE;
    int32_t result;
    const uint64_t time = run_once(kernel, argument, &result);
    printf("%d %llu\n", result, (unsigned long long)time);
    fflush(stdout);
  }
  return EXIT_SUCCESS;
}

/* What main() of such a program does. */
static int run_kernels(const Kernel *kernels, size_t count, int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--ask") == 0) return answer(kernels, count);
  for (size_t i = 0; i < count; ++i) run_rounds(&kernels[i]);
  return EXIT_SUCCESS;
}

#endif
