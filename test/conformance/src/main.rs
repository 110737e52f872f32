//! Converts test scripts of WebAssembly.
//!
//! `hb_beamr_wast FROM TO`: each `.wast` file below the folder FROM becomes a file of the same name
//! with the extension `.term` below the folder TO.

mod module;
mod script;
mod term;

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn convert_folder(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().ok_or("a name")?);
        if path.is_dir() {
            convert_folder(&path, &target)?;
        } else if path.extension() == Some(OsStr::new("wast")) {
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            fs::create_dir_all(to)?;
            fs::write(target.with_extension("term"), script::convert(&text).encode())?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        eprintln!("usage: hb_beamr_wast FROM TO");
        return ExitCode::FAILURE;
    };
    match convert_folder(Path::new(from), Path::new(to)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hb_beamr_wast: {error}");
            ExitCode::FAILURE
        }
    }
}
