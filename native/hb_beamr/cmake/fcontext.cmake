# hb_beamr_add_fcontext()
#
# Defines hb_beamr::fcontext: the stack switch of Boost.Context. Only its assembly, make_fcontext
# and jump_fcontext behind boost/context/detail/fcontext.hpp, can go into a shared object; the
# archive's other object, stack_traits, is not position independent, so bring your own stacks.

function(hb_beamr_add_fcontext)
  find_path(HB_BEAMR_BOOST_INCLUDE_DIR boost/context/detail/fcontext.hpp REQUIRED)
  find_library(HB_BEAMR_BOOST_CONTEXT libboost_context.a REQUIRED)
  mark_as_advanced(HB_BEAMR_BOOST_INCLUDE_DIR HB_BEAMR_BOOST_CONTEXT)

  add_library(hb_beamr_fcontext STATIC IMPORTED GLOBAL)
  set_target_properties(hb_beamr_fcontext PROPERTIES
    IMPORTED_LOCATION "${HB_BEAMR_BOOST_CONTEXT}"
    INTERFACE_INCLUDE_DIRECTORIES "${HB_BEAMR_BOOST_INCLUDE_DIR}")
  add_library(hb_beamr::fcontext ALIAS hb_beamr_fcontext)
endfunction()
