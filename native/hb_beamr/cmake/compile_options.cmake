# Language, visibility, sanitizers and warnings. What a target needs of these it takes by
# hb_beamr_target(<target>); nothing reaches the engine but the sanitizers.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(hb_beamr_warnings INTERFACE)
target_compile_options(hb_beamr_warnings INTERFACE
  -Wall -Wextra -Wconversion
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> # GCC 12 warns of std::string's own copies (its bug 105651)
  $<$<CXX_COMPILER_ID:Clang,AppleClang>:-Wthread-safety>
  $<$<BOOL:${HB_BEAMR_WARNINGS_AS_ERRORS}>:-Werror>)

# Flags of the sanitizers, for compiling and linking alike. The engine reads misaligned words on
# purpose (WebAssembly allows them), and calls through casted function pointers.
set(HB_BEAMR_SANITIZER_FLAGS "")
set(HB_BEAMR_ENGINE_FLAGS "")
if(HB_BEAMR_SANITIZERS)
  set(HB_BEAMR_SANITIZER_FLAGS
      "-fsanitize=${HB_BEAMR_SANITIZERS}" -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  set(HB_BEAMR_ENGINE_FLAGS ${HB_BEAMR_SANITIZER_FLAGS} -fno-sanitize=alignment)
endif()

add_library(hb_beamr_sanitizers INTERFACE)
target_compile_options(hb_beamr_sanitizers INTERFACE ${HB_BEAMR_SANITIZER_FLAGS})
target_link_options(hb_beamr_sanitizers INTERFACE ${HB_BEAMR_SANITIZER_FLAGS})

if(HB_BEAMR_CLANG_TIDY)
  find_program(HB_BEAMR_CLANG_TIDY_PROGRAM clang-tidy REQUIRED)
endif()

function(hb_beamr_target target)
  target_link_libraries(${target} PRIVATE hb_beamr_warnings hb_beamr_sanitizers)
  if(HB_BEAMR_CLANG_TIDY)
    set_target_properties(${target} PROPERTIES
      C_CLANG_TIDY "${HB_BEAMR_CLANG_TIDY_PROGRAM};--quiet"
      CXX_CLANG_TIDY "${HB_BEAMR_CLANG_TIDY_PROGRAM};--quiet")
  endif()
endfunction()
