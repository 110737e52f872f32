# hb_beamr_find_compiler(<program> <llvm version>)
#
# Sets <program> to the compiler of modules that tests use: the target hb_beamrc, a path, or nothing. If it
# is to be built, makes the target hb_beamr::llvm of the newest LLVM that the engine's compiler is known to
# work with, and sets <llvm version>.

set(HB_BEAMR_LLVM_VERSIONS 19 18 17 16 15 14)

function(hb_beamr_find_compiler program llvm_version)
  set(${program} "" PARENT_SCOPE)
  set(${llvm_version} "" PARENT_SCOPE)
  if(IS_ABSOLUTE "${HB_BEAMR_COMPILER}")
    if(EXISTS "${HB_BEAMR_COMPILER}")
      set(${program} "${HB_BEAMR_COMPILER}" PARENT_SCOPE)
    else()
      message(STATUS "No tests of compiled code: ${HB_BEAMR_COMPILER} is not there")
    endif()
    return()
  elseif(NOT HB_BEAMR_COMPILER)
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
  set(${program} hb_beamrc PARENT_SCOPE)
  set(${llvm_version} "${version}" PARENT_SCOPE)
endfunction()
