//! What every server here has in common: its threads, its socket, and the line that says that it is ready.

use crate::failure::Failure;
use std::io::{Read, Write};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// tokio's runtime with so many threads, as the variants have it.
///
/// # Errors
/// [`Failure::Threads`].
pub fn runtime(workers: usize) -> Result<Runtime, Failure> {
    Builder::new_multi_thread().worker_threads(workers.max(1)).enable_all().build().map_err(Failure::Threads)
}

/// A listener, and the line that says so.
///
/// # Errors
/// [`Failure::Listen`].
pub async fn listen(listen: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(listen).await.map_err(|source| Failure::Listen { listen, source })?;
    tell(listener.local_addr().map_err(|source| Failure::Listen { listen, source })?);
    Ok(listener)
}

/// Says on standard output where it listens: from now on requests are answered.
pub fn tell(address: SocketAddr) {
    let mut output = std::io::stdout().lock();
    // Whoever started this may not want to know.
    let _ = writeln!(output, "listening on http://{address}");
    let _ = output.flush();
}

/// Ends the process when its standard input ends, as it does when the parent process is gone. Nothing here needs to finish: what
/// was answered is committed.
pub fn stop_on_stdin_close() {
    std::thread::spawn(|| {
        let mut ignored = [0; 64];
        while std::io::stdin().read(&mut ignored).is_ok_and(|count| count > 0) {}
        std::process::exit(0);
    });
}
