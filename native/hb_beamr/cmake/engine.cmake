# hb_beamr_engine_source(<variable>)
#
# Sets <variable> to a patched copy of the engine's source in the build tree. The copy is made
# anew when the source or a patch has changed and left alone otherwise.

set(WAMR_ROOT_DIR "" CACHE PATH
    "A wasm-micro-runtime checkout to build instead of the pinned one (copied and patched the same way)")

# The identity of a folder's content; about 0.1 s for the engine.
function(hb_beamr_hash_folder result folder)
  file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE "${folder}" "${folder}/*")
  set(hashes "")
  foreach(file IN LISTS files)
    file(SHA256 "${folder}/${file}" hash)
    string(APPEND hashes "${file} ${hash}\n")
  endforeach()
  string(SHA256 hash "${hashes}")
  set(${result} "${hash}" PARENT_SCOPE)
endfunction()

function(hb_beamr_patch_engine source)
  find_program(HB_BEAMR_PATCH patch REQUIRED)
  foreach(patch IN LISTS ARGN)
    execute_process(
      COMMAND "${HB_BEAMR_PATCH}" -p1 --forward --batch --no-backup-if-mismatch -i "${patch}"
      WORKING_DIRECTORY "${source}"
      RESULT_VARIABLE status
      OUTPUT_VARIABLE output
      ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
      file(REMOVE_RECURSE "${source}")
      message(FATAL_ERROR "${patch} does not apply:\n${output}")
    endif()
  endforeach()
endfunction()

function(hb_beamr_engine_source result)
  set(copy "${PROJECT_BINARY_DIR}/engine-source")
  set(${result} "${copy}" PARENT_SCOPE)

  file(GLOB patches CONFIGURE_DEPENDS "${HB_BEAMR_ENGINE_DIR}/patches/*.patch")
  list(SORT patches)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
               ${patches} "${HB_BEAMR_ENGINE_DIR}/Cargo.lock" "${CMAKE_CURRENT_FUNCTION_LIST_FILE}")

  if(WAMR_ROOT_DIR)
    get_filename_component(root "${WAMR_ROOT_DIR}" ABSOLUTE BASE_DIR "${CMAKE_BINARY_DIR}")
    hb_beamr_hash_folder(key "${root}/core")
  else()
    hb_beamr_vendor(vendor)
    set(root "${vendor}/wamrx-sys-0.3.0/wasm-micro-runtime")
    file(SHA256 "${HB_BEAMR_ENGINE_DIR}/Cargo.lock" key)
  endif()
  foreach(file IN LISTS patches ITEMS "${CMAKE_CURRENT_FUNCTION_LIST_FILE}")
    file(SHA256 "${file}" hash)
    string(APPEND key "\n${hash}")
  endforeach()
  set_property(GLOBAL PROPERTY HB_BEAMR_ENGINE_KEY "${key}")
  set(stamp "${copy}/copied-from")
  if(EXISTS "${stamp}")
    file(READ "${stamp}" old_key)
    if("${old_key}" STREQUAL "${key}")
      return()
    endif()
  endif()

  message(STATUS "Copying and patching the engine's source from ${root}")
  file(REMOVE_RECURSE "${copy}")
  file(COPY "${root}/core" "${root}/build-scripts" DESTINATION "${copy}")
  hb_beamr_patch_engine("${copy}" ${patches})
  file(WRITE "${stamp}" "${key}")
endfunction()

# hb_beamr_compiled_module_key(<variable>)
#
# Sets <variable> to a digest of all that decides how compiled code looks, for the header of compiled
# modules: code of another key is not run.
function(hb_beamr_compiled_module_key result)
  get_property(key GLOBAL PROPERTY HB_BEAMR_ENGINE_KEY)
  file(GLOB files CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/cmake/engine/CMakeLists.txt"
    "${PROJECT_SOURCE_DIR}/cmake/engine/options.cmake"
    "${PROJECT_SOURCE_DIR}/tools/engine/CMakeLists.txt"
    "${PROJECT_SOURCE_DIR}/tools/src/code_generator.cpp"
    "${PROJECT_SOURCE_DIR}/lib/src/preparation.cpp"
    "${PROJECT_SOURCE_DIR}/lib/src/rewrite/*.?pp")
  list(SORT files)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  foreach(file IN LISTS files)
    file(SHA256 "${file}" hash)
    string(APPEND key "\n${hash}")
  endforeach()
  string(SHA256 key "${key}")
  set(${result} "${key}" PARENT_SCOPE)
endfunction()
