# hb_beamr_install_into_priv(<target> <file> <custom target>)
#
# Has <custom target>, a part of `all`, put what <target> makes into the priv folder under that name, where
# Erlang finds it; nothing unless HB_BEAMR_INSTALL_DRIVER is on.
function(hb_beamr_install_into_priv target file custom_target)
  if(NOT HB_BEAMR_INSTALL_DRIVER)
    return()
  endif()
  # Renamed into place: writing into a file that a running program has mapped would crash it.
  set(installed "${HB_BEAMR_ROOT}/priv/${file}")
  add_custom_command(
    OUTPUT "${installed}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${HB_BEAMR_ROOT}/priv"
    COMMAND "${CMAKE_COMMAND}" -E copy $<TARGET_FILE:${target}> "${installed}.new"
    COMMAND "${CMAKE_COMMAND}" -E rename "${installed}.new" "${installed}"
    DEPENDS ${target}
    COMMENT "Installing priv/${file}"
    VERBATIM)
  add_custom_target(${custom_target} ALL DEPENDS "${installed}")
endfunction()
