//! Has the lab built anew when a source file that it embeds comes or goes. Without this, only changes of files that
//! were there at the last build would be seen.

use std::io;

fn main() -> io::Result<()> {
    for entry in std::fs::read_dir("..")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("framework-") || name.starts_with("examples-") || name == "shared" {
            println!("cargo::rerun-if-changed=../{name}");
        }
    }
    Ok(())
}
