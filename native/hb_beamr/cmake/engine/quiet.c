/*
 * Where the engine's log messages end: nowhere. The output of the VM, or of the compiler, is not
 * its own, and every failure also reaches the caller as an error.
 */

#include <stdarg.h>
#include <stdint.h>

void hb_engine_log(uint32_t level, const char *file, int line, const char *format, ...);
int hb_engine_vprintf(const char *format, va_list arguments);

void hb_engine_log(uint32_t level, const char *file, int line, const char *format, ...) {
  (void)level;
  (void)file;
  (void)line;
  (void)format;
}

int hb_engine_vprintf(const char *format, va_list arguments) {
  (void)format;
  (void)arguments;
  return 0;
}
