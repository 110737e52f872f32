# Runs PROGRAM with ARGUMENT and compares its output with the file EXPECTED.
execute_process(COMMAND "${PROGRAM}" "${ARGUMENT}" OUTPUT_VARIABLE output RESULT_VARIABLE status TIMEOUT 60)
file(READ "${EXPECTED}" expected)
if(NOT status EQUAL 0 OR NOT output STREQUAL expected)
  message(FATAL_ERROR "exit code ${status}, output:\n${output}\nexpected:\n${expected}")
endif()
