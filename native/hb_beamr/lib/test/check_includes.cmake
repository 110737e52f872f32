cmake_minimum_required(VERSION 3.25)

# Dependencies go one way: the driver knows the library's C header and nothing behind it, and of
# the library only two headers and one file know the engine's.
# Arguments: -DROOT=<native/hb_beamr> -DENGINE=<the engine's source>

function(check_includes folder pattern reason)
  file(GLOB_RECURSE sources "${ROOT}/${folder}/*.[ch]" "${ROOT}/${folder}/*.[ch]pp")
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME)
    if(name IN_LIST ARGN)
      continue()
    endif()
    file(STRINGS "${source}" includes REGEX "^#include [\"<]${pattern}[\">]")
    if(includes)
      message(SEND_ERROR "${source}: ${includes}: ${reason}")
    endif()
  endforeach()
endfunction()

file(GLOB_RECURSE engine_headers RELATIVE "${ENGINE}" "${ENGINE}/*.h")
list(TRANSFORM engine_headers REPLACE "^.*/" "")
list(REMOVE_DUPLICATES engine_headers)
list(JOIN engine_headers "|" engine_header)
string(REPLACE "." "[.]" engine_header "${engine_header}")
if(NOT engine_headers)
  message(FATAL_ERROR "no engine headers in ${ENGINE}")
endif()
check_includes(lib/src "(${engine_header})" "the engine is included by wamr.hpp only"
               wamr.hpp engine_access.h engine_access.c)
check_includes(src "(${engine_header})" "the driver does not know the engine")
check_includes(include "(${engine_header})" "the driver does not know the engine")

file(GLOB_RECURSE library_headers RELATIVE "${ROOT}/lib/src" "${ROOT}/lib/src/*.hpp")
# The driver has files of the same names for its own ideas.
file(GLOB driver_headers RELATIVE "${ROOT}/include" "${ROOT}/include/*.hpp")
list(REMOVE_ITEM library_headers ${driver_headers})
list(JOIN library_headers "|" library_header)
check_includes(src "(${library_header})" "the driver knows the C header of the library only")
check_includes(include "(${library_header})" "the driver knows the C header of the library only")
