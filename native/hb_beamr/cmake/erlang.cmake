# hb_beamr_add_erl_driver()
#
# Defines hb_beamr::erl_driver: the folder of erl_driver.h, of the `erl` that is found first. Its
# functions are resolved when the emulator loads the driver, so there is nothing to link.

function(hb_beamr_add_erl_driver)
  if(NOT HB_BEAMR_ERL_INCLUDE_DIR)
    find_program(HB_BEAMR_ERL erl REQUIRED)
    execute_process(
      COMMAND "${HB_BEAMR_ERL}" -noshell -noinput -boot start_clean
              -eval "io:put_chars(filename:join([code:root_dir(), usr, include])), halt()."
      OUTPUT_VARIABLE include_dir
      COMMAND_ERROR_IS_FATAL ANY)
    set(HB_BEAMR_ERL_INCLUDE_DIR "${include_dir}" CACHE PATH "Folder of erl_driver.h")
  endif()
  if(NOT EXISTS "${HB_BEAMR_ERL_INCLUDE_DIR}/erl_driver.h")
    message(FATAL_ERROR "no erl_driver.h in ${HB_BEAMR_ERL_INCLUDE_DIR} (Debian: erlang-dev)")
  endif()

  add_library(hb_beamr_erl_driver INTERFACE)
  target_include_directories(hb_beamr_erl_driver SYSTEM INTERFACE "${HB_BEAMR_ERL_INCLUDE_DIR}")
  add_library(hb_beamr::erl_driver ALIAS hb_beamr_erl_driver)
endfunction()
