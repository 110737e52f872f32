# What both builds of the engine have in common, the one that runs guests and the one that compiles modules:
# code is made for structs of just this layout. To be included where `engine_source` is set.

# A debug build would define BH_DEBUG in the engine, which changes what its structs hold for
# tracing; our own targets keep the build type of the preset.
set(CMAKE_BUILD_TYPE Release)
set(CMAKE_C_STANDARD 99)
set(CMAKE_C_EXTENSIONS ON)

set(WAMR_BUILD_INTERP 1) # also reads the modules that are compiled
set(WAMR_BUILD_FAST_INTERP 0) # no memory64, and yields exist in the classic interpreter
set(WAMR_BUILD_AOT 1)
set(WAMR_BUILD_JIT 0)
set(WAMR_BUILD_FAST_JIT 0)
set(WAMR_BUILD_LIBC_BUILTIN 0) # compiled code would call imports of known names directly, and wrongly
set(WAMR_BUILD_LIBC_WASI 0)
set(WAMR_BUILD_MULTI_MODULE 0)
set(WAMR_BUILD_BULK_MEMORY 1)
set(WAMR_BUILD_REF_TYPES 1)
set(WAMR_BUILD_TAIL_CALL 1)
set(WAMR_BUILD_THREAD_MGR 0)
set(WAMR_BUILD_SHARED_MEMORY 0)
set(WAMR_BUILD_AOT_STACK_FRAME 1) # for code that is compiled with frames
set(WAMR_BUILD_MEMORY64 1)
set(WAMR_BUILD_EXTENDED_CONST_EXPR 1)
set(WAMR_BUILD_SIMD 1) # for compiled code
set(WAMR_BUILD_EXCE_HANDLING 0)
set(WAMR_BUILD_SHRUNK_MEMORY 0) # it makes accesses within bounds trap
set(WAMR_BUILD_GC 0)
set(WAMR_DISABLE_APP_ENTRY 1)
set(WAMR_DISABLE_HW_BOUND_CHECK 1) # signal handlers and guard pages are bound to a thread
set(WAMR_DISABLE_WRITE_GS_BASE 1)
set(WAMR_BH_LOG hb_engine_log) # quiet.c
set(WAMR_BH_VPRINTF hb_engine_vprintf)

string(TOLOWER "${CMAKE_SYSTEM_NAME}" WAMR_BUILD_PLATFORM)
set(WAMR_ROOT_DIR "${engine_source}")
