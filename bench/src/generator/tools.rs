//! Finding the load generators, or saying how to get them.

use crate::error::BenchError;
use crate::process;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// The `oha` that is installed if there is none.
const OHA: &str = "1.16.0";

/// The `wrk` of the system, and its version.
///
/// # Errors
/// [`BenchError::Missing`] with the command that brings it.
pub(crate) async fn find_wrk() -> Result<(PathBuf, String), BenchError> {
    let program = PathBuf::from("wrk");
    // It says its version and then that it was not told what to do.
    let output = Command::new(&program).arg("--version").output().await;
    let output = output.map_err(|_| BenchError::Missing {
        program: "wrk",
        remedy: "install it with your system's packages (Debian: apt-get install wrk), then run this again".to_owned(),
    })?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let version = said.split_whitespace().nth(1).unwrap_or("unknown").trim_start_matches("debian/").to_owned();
    Ok((program, version))
}

/// The `oha` that was given, or that in `folder`, else that of the `PATH`, and its version. If there is none it is built into
/// `folder`.
///
/// # Errors
/// [`BenchError::Missing`] if what was given is none, or none can be built.
pub(crate) async fn find_oha(
    given: Option<&Path>,
    folder: &Path,
    note: impl Fn(&str),
) -> Result<(PathBuf, String), BenchError> {
    if let Some(program) = given {
        let version = oha_version(program).await.ok_or_else(|| BenchError::Missing {
            program: "oha",
            remedy: format!("{} does not run; name another with --oha, or none", program.display()),
        })?;
        return Ok((program.to_owned(), version));
    }
    let own = folder.join("bin").join("oha");
    for program in [own.clone(), PathBuf::from("oha")] {
        if let Some(version) = oha_version(&program).await {
            return Ok((program, version));
        }
    }
    note(&format!("building oha {OHA}, the load generator, into {} (some minutes, once)", folder.display()));
    let mut install = Command::new("cargo");
    install.args(["install", "--quiet", "--locked", "oha", "--version", OHA, "--root"]).arg(folder);
    install.env_remove("CARGO_TARGET_DIR");
    let remedy = |reason: String| BenchError::Missing {
        program: "oha",
        remedy: format!("cargo install --locked oha --version {OHA} did not bring it: {reason}"),
    };
    process::run(install).await.map_err(|error| remedy(error.to_string()))?;
    let version = oha_version(&own).await.ok_or_else(|| remedy(format!("{} does not run", own.display())))?;
    Ok((own, version))
}

/// `1.16.0`, if this is an `oha` that can be run.
async fn oha_version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().await.ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.strip_prefix("oha ").map(|version| version.trim().to_owned())
}
