/*
 * Copyright 2026 The hb_beamr authors
 * SPDX-License-Identifier: Apache-2.0
 */

/* Kernels that are compiled from the same source for this machine (native.h) and as a module. */
#include <stdint.h>

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(name)))
#else
#define EXPORT(name) __attribute__((noinline))
#endif

enum { kOrder = 160, kMessage = 64 << 10 };

EXPORT("fib") int32_t fib(int32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static double a[kOrder][kOrder], b[kOrder][kOrder], c[kOrder][kOrder];

/* Multiplies two matrices of doubles; answers the sum of the diagonal. */
EXPORT("matmul") int32_t matmul(int32_t seed) {
  for (int i = 0; i < kOrder; ++i) {
    for (int j = 0; j < kOrder; ++j) {
      a[i][j] = (double)((i * 3 + j + seed) % 17);
      b[i][j] = (double)((i + j * 5 + seed) % 13);
    }
  }
  for (int i = 0; i < kOrder; ++i) {
    for (int j = 0; j < kOrder; ++j) {
      double sum = 0;
      for (int k = 0; k < kOrder; ++k) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
  }
  double trace = 0;
  for (int i = 0; i < kOrder; ++i) trace += c[i][i];
  return (int32_t)trace;
}

/* SHA-256, FIPS 180-4. */
static uint32_t constants[64], initial[8];

/* The first 32 bits of the fractional part of the square or cube root of a prime, by Newton's method. */
static uint32_t root_bits(uint32_t prime, int is_cubic) {
  double root = prime;
  for (int i = 0; i < 64; ++i) {
    root -= is_cubic ? (root - prime / (root * root)) / 3 : (root - prime / root) / 2;
  }
  return (uint32_t)((root - (int)root) * 0x1p32);
}

static void make_constants(void) {
  if (constants[0] != 0) return;
  uint32_t count = 0;
  for (uint32_t n = 2; count < 64; ++n) {
    int is_prime = 1;
    for (uint32_t d = 2; d * d <= n; ++d) is_prime &= n % d != 0;
    if (!is_prime) continue;
    if (count < 8) initial[count] = root_bits(n, 0);
    constants[count++] = root_bits(n, 1);
  }
}

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void add_block(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; ++i) {
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
           (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 64; ++i) {
    const uint32_t x = w[i - 15], y = w[i - 2];
    w[i] = w[i - 16] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) + w[i - 7] +
           (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
  }
  for (int i = 0; i < 8; ++i) s[i] = state[i];
  for (int i = 0; i < 64; ++i) {
    const uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
                        ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
    const uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
                        ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    for (int j = 7; j > 0; --j) s[j] = s[j - 1];
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; ++i) state[i] += s[i];
}

static uint8_t message[kMessage];

/* The first word of the digest of a message of 64 KiB, without its padding. */
EXPORT("sha256") int32_t sha256(int32_t seed) {
  make_constants();
  uint32_t state[8];
  for (int i = 0; i < 8; ++i) state[i] = initial[i];
  for (int i = 0; i < kMessage; ++i) message[i] = (uint8_t)(i * 7 + seed);
  for (int i = 0; i < kMessage; i += 64) add_block(state, message + i);
  return (int32_t)state[0];
}

#ifndef __wasm__
#include "native.h"

int main(int argc, char **argv) {
  static const Kernel kernels[] = {{"fib", fib, 30}, {"matmul", matmul, 1}, {"sha256", sha256, 1}};
  return run_kernels(kernels, sizeof kernels / sizeof kernels[0], argc, argv);
}
#endif
