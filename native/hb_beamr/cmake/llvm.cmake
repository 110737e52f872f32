# hb_beamr_find_llvm(<variable>)
#
# Makes the target hb_beamr::llvm of the newest LLVM that the engine's compiler is known to work
# with, and sets <variable> to its version; to the empty string if there is none, or none is wanted.

set(HB_BEAMR_LLVM_VERSIONS 19 18 17 16 15 14)

function(hb_beamr_find_llvm result)
  set(${result} "" PARENT_SCOPE)
  if(NOT HB_BEAMR_COMPILER)
    return()
  endif()
  set(names "")
  foreach(version IN LISTS HB_BEAMR_LLVM_VERSIONS)
    list(APPEND names "llvm-config-${version}")
  endforeach()
  find_program(HB_BEAMR_LLVM_CONFIG NAMES ${names} NAMES_PER_DIR)
  if(NOT HB_BEAMR_LLVM_CONFIG)
    set(missing "llvm-config-<N> with N of ${HB_BEAMR_LLVM_VERSIONS}")
    if(NOT HB_BEAMR_COMPILER STREQUAL "AUTO")
      message(FATAL_ERROR "hb_beamrc needs ${missing}")
    endif()
    message(STATUS "No hb_beamrc, the compiler of modules: it needs ${missing}")
    return()
  endif()
  foreach(what IN ITEMS version includedir libdir libs)
    execute_process(
      COMMAND "${HB_BEAMR_LLVM_CONFIG}" --link-shared "--${what}"
      OUTPUT_VARIABLE ${what}
      OUTPUT_STRIP_TRAILING_WHITESPACE
      COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  if(NOT TARGET hb_beamr::llvm)
    add_library(hb_beamr_llvm INTERFACE)
    target_include_directories(hb_beamr_llvm SYSTEM INTERFACE "${includedir}")
    target_link_directories(hb_beamr_llvm INTERFACE "${libdir}")
    target_link_libraries(hb_beamr_llvm INTERFACE "${libs}")
    add_library(hb_beamr::llvm ALIAS hb_beamr_llvm)
  endif()
  set(${result} "${version}" PARENT_SCOPE)
endfunction()
