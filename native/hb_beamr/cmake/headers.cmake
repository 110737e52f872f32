# hb_beamr_check_headers(<target> [C <header>...] [CXX <header>...])
#
# Defines an object library that compiles each header alone, in the languages it is listed for,
# so that no header leans on what its users happen to include first.

function(hb_beamr_check_headers target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "C;CXX")
  set(sources "")
  foreach(language IN ITEMS C CXX)
    string(TOLOWER "${language}" extension)
    foreach(header IN LISTS arg_${language})
      get_filename_component(name "${header}" NAME)
      set(source "${CMAKE_CURRENT_BINARY_DIR}/headers/${name}.${extension}")
      file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${header}\"\n" @ONLY)
      list(APPEND sources "${source}")
    endforeach()
  endforeach()
  add_library(${target} OBJECT ${sources})
  # Not clang-tidy: it sees the headers in the sources that include them.
  target_link_libraries(${target} PRIVATE hb_beamr_warnings hb_beamr_sanitizers)
endfunction()
