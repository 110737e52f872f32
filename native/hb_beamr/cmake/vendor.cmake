# hb_beamr_vendor(<variable>)
#
# Sets <variable> to a folder with the crates that engine/Cargo.lock pins, unpacked. They are
# fetched at the first configure that needs them and kept outside the build trees, so that all
# presets share one copy and later configures work offline.

set(HB_BEAMR_CACHE_DIR "" CACHE PATH "Where downloaded crates are kept (default: XDG cache folder)")

function(hb_beamr_cache_dir result)
  if(HB_BEAMR_CACHE_DIR)
    set(dir "${HB_BEAMR_CACHE_DIR}")
  elseif(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(dir "$ENV{XDG_CACHE_HOME}/hb_beamr")
  elseif(NOT "$ENV{HOME}" STREQUAL "")
    set(dir "$ENV{HOME}/.cache/hb_beamr")
  else()
    set(dir "${PROJECT_BINARY_DIR}/cache")
  endif()
  set(${result} "${dir}" PARENT_SCOPE)
endfunction()

function(hb_beamr_vendor result)
  hb_beamr_cache_dir(cache)
  file(SHA256 "${HB_BEAMR_ENGINE_DIR}/Cargo.lock" key)
  set(vendor "${cache}/vendor-${key}")
  set(${result} "${vendor}" PARENT_SCOPE)
  if(IS_DIRECTORY "${vendor}")
    return()
  endif()

  message(STATUS "Fetching the crates of engine/Cargo.lock to ${vendor}")
  string(RANDOM LENGTH 12 unique)
  set(unfinished "${cache}/unfinished-${unique}")
  execute_process(
    COMMAND "${HB_BEAMR_CARGO}" vendor --locked --versioned-dirs --quiet "${unfinished}"
    WORKING_DIRECTORY "${HB_BEAMR_ENGINE_DIR}"
    RESULT_VARIABLE status
    OUTPUT_QUIET
    ERROR_VARIABLE errors)
  if(NOT status EQUAL 0)
    file(REMOVE_RECURSE "${unfinished}")
    message(FATAL_ERROR "cargo vendor failed (${status}):\n${errors}")
  endif()

  # The rename is the commit: a folder with the final name is always complete. It fails where
  # another build was faster, whose copy is as good.
  file(RENAME "${unfinished}" "${vendor}" RESULT status)
  if(NOT status EQUAL 0)
    file(REMOVE_RECURSE "${unfinished}")
    if(NOT IS_DIRECTORY "${vendor}")
      message(FATAL_ERROR "cannot create ${vendor}: ${status}")
    endif()
  endif()
endfunction()
