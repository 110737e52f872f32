# hb_beamr_add_validator()
#
# Defines the imported target hb_beamr::validator: the static library that engine/src/lib.rs
# becomes, with the folder of its C header.

function(hb_beamr_add_validator)
  hb_beamr_vendor(vendor)
  set(target_dir "${PROJECT_BINARY_DIR}/validator")
  set(cargo_archive "${target_dir}/release/libhb_beamr_validator.a")
  set(object "${target_dir}/hb_beamr_validator.o")
  set(archive "${target_dir}/libhb_beamr_validator.a")

  # Source replacement is given here so that neither the repository nor the user's home needs
  # a cargo configuration. A default target would move the result to another folder.
  #
  # What cargo makes holds all of Rust's library with its symbols: floor() and other functions of
  # C's libm among them, which the engine would get instead of the real ones. So the validator is
  # linked into one object in which only its own functions can be seen.
  add_custom_command(
    OUTPUT "${archive}"
    COMMAND "${CMAKE_COMMAND}" -E env --unset=CARGO_BUILD_TARGET
            "${HB_BEAMR_CARGO}" build --release --locked --offline --quiet
            --config "source.crates-io.replace-with=\"vendored\""
            --config "source.vendored.directory=\"${vendor}\""
            --target-dir "${target_dir}"
    COMMAND "${CMAKE_C_COMPILER}" -r -nostdlib -Wl,--gc-sections -Wl,--entry=hb_validator_validate
            -Wl,--undefined=hb_validator_validate -Wl,--undefined=hb_validator_sha256
            "${cargo_archive}" -o "${object}"
    COMMAND "${CMAKE_OBJCOPY}" --keep-global-symbol=hb_validator_validate
            --keep-global-symbol=hb_validator_sha256 "${object}"
    COMMAND "${CMAKE_COMMAND}" -E rm -f "${archive}"
    COMMAND "${CMAKE_AR}" qcs "${archive}" "${object}"
    WORKING_DIRECTORY "${HB_BEAMR_ENGINE_DIR}"
    DEPENDS "${HB_BEAMR_ENGINE_DIR}/Cargo.toml"
            "${HB_BEAMR_ENGINE_DIR}/Cargo.lock"
            "${HB_BEAMR_ENGINE_DIR}/src/digest.rs"
            "${HB_BEAMR_ENGINE_DIR}/src/lib.rs"
            "${CMAKE_CURRENT_FUNCTION_LIST_FILE}"
    COMMENT "Building the validator with cargo"
    VERBATIM)
  add_custom_target(hb_beamr_validator_build DEPENDS "${archive}")

  add_library(hb_beamr_validator STATIC IMPORTED GLOBAL)
  add_dependencies(hb_beamr_validator hb_beamr_validator_build)
  set_target_properties(hb_beamr_validator PROPERTIES
    IMPORTED_LOCATION "${archive}"
    # Rust unwinds through libgcc_s also where clang is the linker.
    INTERFACE_LINK_LIBRARIES "gcc_s;Threads::Threads;m;${CMAKE_DL_LIBS}")
  add_library(hb_beamr::validator ALIAS hb_beamr_validator)
endfunction()
