# cmake -DNM=<nm> -DFILE=<driver> -P check_symbols.cmake
#
# The driver gives the emulator driver_init and nothing else, and leaves no hook of the engine
# undefined.

execute_process(COMMAND "${NM}" --dynamic --defined-only --format=posix "${FILE}"
  OUTPUT_VARIABLE defined COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" defined "${defined}")
list(TRANSFORM defined REPLACE " .*" "")
if(NOT defined STREQUAL "driver_init")
  message(FATAL_ERROR "exported: ${defined}")
endif()

execute_process(COMMAND "${NM}" --dynamic --undefined-only --format=posix "${FILE}"
  OUTPUT_VARIABLE undefined COMMAND_ERROR_IS_FATAL ANY)
if(undefined MATCHES "(^|\n)(hb_[a-z_]+)")
  message(FATAL_ERROR "undefined: ${CMAKE_MATCH_2}")
endif()
