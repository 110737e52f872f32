# hb_beamr_find_llvm(<variable>)
#
# Makes the target hb_beamr::llvm of the newest LLVM that the engine's compiler is known to work
# with, and sets <variable> to its version; to the empty string if there is none.

set(HB_BEAMR_LLVM_VERSIONS 19 18 17 16 15 14)

function(hb_beamr_find_llvm result)
  set(names "")
  foreach(version IN LISTS HB_BEAMR_LLVM_VERSIONS)
    list(APPEND names "llvm-config-${version}")
  endforeach()
  find_program(HB_BEAMR_LLVM_CONFIG NAMES ${names} NAMES_PER_DIR)
  set(${result} "" PARENT_SCOPE)
  if(NOT HB_BEAMR_LLVM_CONFIG)
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
