# The tools of the tests, and modules in text format compiled for them.

# hb_beamr_find_test_tools(<variable>): sets <variable> to whether the tests are built.
function(hb_beamr_find_test_tools result)
  set(${result} OFF PARENT_SCOPE)
  if(HB_BEAMR_TESTS STREQUAL "OFF")
    return()
  endif()

  find_package(GTest QUIET)
  find_program(HB_BEAMR_WAT2WASM wat2wasm)
  if(GTest_FOUND AND HB_BEAMR_WAT2WASM)
    set(${result} ON PARENT_SCOPE)
  elseif(HB_BEAMR_TESTS STREQUAL "AUTO")
    message(STATUS "No tests: they need GoogleTest and wat2wasm (Debian: libgtest-dev, wabt)")
  else()
    message(FATAL_ERROR "The tests need GoogleTest and wat2wasm (Debian: libgtest-dev, wabt)")
  endif()
endfunction()

# hb_beamr_add_fixtures(<file.wat>... [FLAGS <flag>...])
#
# Compiles each file to <build tree>/wasm/<name>.wasm as part of the target `fixtures`. The flags
# are added to those that allow all proposals which the engine runs; names are kept, for traps. Where there
# is a compiler, <name>.aot is made of it as well.
set(HB_BEAMR_FIXTURE_DIR "${PROJECT_BINARY_DIR}/wasm")
# Tests look at frames of traps, but code that keeps none leaves out more checks. These are compiled as
# modules are by default.
set(HB_BEAMR_FIXTURES_WITHOUT_FRAMES addresses addresses64 loops)

function(hb_beamr_add_fixtures)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FLAGS")
  if(NOT TARGET fixtures)
    add_custom_target(fixtures ALL)
    file(MAKE_DIRECTORY "${HB_BEAMR_FIXTURE_DIR}")
  endif()

  set(outputs "")
  foreach(file IN LISTS arg_UNPARSED_ARGUMENTS)
    get_filename_component(source "${file}" ABSOLUTE)
    get_filename_component(name "${file}" NAME_WE)
    set(wasm "${HB_BEAMR_FIXTURE_DIR}/${name}.wasm")
    add_custom_command(
      OUTPUT "${wasm}"
      COMMAND "${HB_BEAMR_WAT2WASM}" --debug-names --enable-tail-call --enable-extended-const
              --enable-memory64 --enable-exceptions ${arg_FLAGS} "${source}" -o "${wasm}"
      DEPENDS "${source}"
      COMMENT "Compiling ${name}.wat"
      VERBATIM)
    list(APPEND outputs "${wasm}")
    if(HB_BEAMRC)
      set(aot "${HB_BEAMR_FIXTURE_DIR}/${name}.aot")
      set(frames --frames)
      if(name IN_LIST HB_BEAMR_FIXTURES_WITHOUT_FRAMES)
        set(frames "")
      endif()
      add_custom_command(
        OUTPUT "${aot}"
        COMMAND ${HB_BEAMRC} -O1 ${frames} "${wasm}" -o "${aot}"
        DEPENDS "${wasm}" ${HB_BEAMRC}
        COMMENT "Compiling ${name}.wasm"
        VERBATIM)
      list(APPEND outputs "${aot}")
    endif()
  endforeach()

  # A custom command belongs to targets of its own folder: each folder has one.
  string(MAKE_C_IDENTIFIER "fixtures_${CMAKE_CURRENT_SOURCE_DIR}" target)
  add_custom_target(${target} DEPENDS ${outputs})
  add_dependencies(fixtures ${target})
endfunction()

# hb_beamr_discover_tests(<target>)
#
# Runs the tests of a target; where there is a compiler a second time, as "compiled/<test>", with
# compiled code in place of each fixture.
function(hb_beamr_discover_tests target)
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST)
  if(HB_BEAMRC)
    gtest_discover_tests(${target}
      DISCOVERY_MODE PRE_TEST
      TEST_PREFIX "compiled/"
      TEST_LIST "${target}_compiled"
      PROPERTIES ENVIRONMENT "HB_BEAMR_TEST_COMPILED=1")
  endif()
endfunction()
