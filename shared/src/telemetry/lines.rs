//! A writer of lines that never makes whoever has one wait for whoever reads them.
//!
//! tracing-appender does the same with a queue of lines: each is copied into memory of its own, wakes the thread that writes,
//! and is written by a call of the system of its own, which cost more than to make the line. Here lines are added to a buffer, and what has gathered in it is written out together.

use std::io::Write;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// So long lines gather after some were written out. One that comes alone is written at once all the same.
const GATHERING: Duration = Duration::from_millis(2);

/// So many bytes may wait. Whoever stops reading cannot stop the server: lines that come then are lost.
const WAITING_MAX: usize = 16 * 1024 * 1024;

/// A buffer that was larger than this is not kept for the next lines.
const KEPT_MAX: usize = 256 * 1024;

/// At the end, whoever reads has so long to take what is left.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Lines on their way.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    is_closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes out what is left when it is dropped.
#[derive(Debug)]
pub(super) struct LinesGuard {
    shared: Arc<Shared>,
    ended: Receiver<()>,
}

impl Lines {
    /// Starts the thread that writes to `output`.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(super) fn start(output: impl Write + Send + 'static) -> std::io::Result<(Self, LinesGuard)> {
        let shared = Arc::new(Shared::default());
        let (end, ended) = channel();
        let own = shared.clone();
        let work = move || {
            write_out(&own, output);
            let _ = end.send(());
        };
        std::thread::Builder::new().name("log".to_owned()).spawn(work)?;
        Ok((Self(shared.clone()), LinesGuard { shared, ended }))
    }
}

fn write_out(shared: &Shared, mut output: impl Write) {
    let mut gathered = Vec::new();
    loop {
        let mut waiting = shared.lock();
        while waiting.bytes.is_empty() && !waiting.is_closed {
            waiting = shared.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.bytes.is_empty() {
            return;
        }
        std::mem::swap(&mut waiting.bytes, &mut gathered);
        let is_closed = waiting.is_closed;
        drop(waiting);
        // There is no other place to tell that the place for telling is gone.
        let _ = output.write_all(&gathered).and_then(|()| output.flush());
        gathered.clear();
        gathered.shrink_to(KEPT_MAX);
        if !is_closed {
            sleep(GATHERING);
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Adding<'a>;

    fn make_writer(&'a self) -> Adding<'a> {
        Adding(&self.0)
    }
}

/// Adds to the buffer; one call adds a whole line, as tracing-subscriber makes one for each.
pub(super) struct Adding<'a>(&'a Shared);

impl Write for Adding<'_> {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut waiting = self.0.lock();
        if waiting.bytes.len() + line.len() <= WAITING_MAX {
            let was_empty = waiting.bytes.is_empty();
            waiting.bytes.extend_from_slice(line);
            drop(waiting);
            if was_empty {
                self.0.changed.notify_one();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for LinesGuard {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_one();
        let _ = self.ended.recv_timeout(LAST_WAIT);
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, WAITING_MAX};
    use std::io::Write;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use tracing_subscriber::fmt::MakeWriter;

    /// Keeps what was written, after it was let to.
    struct Reader {
        let_in: Receiver<()>,
        read: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.let_in.recv();
            self.read.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn reader() -> (Reader, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (open, let_in) = channel();
        let read = Arc::new(Mutex::new(Vec::new()));
        (Reader { let_in, read: read.clone() }, open, read)
    }

    #[test]
    fn lines_of_many_threads_arrive_whole_and_those_left_at_the_end_too() {
        let (reader, open, read) = reader();
        drop(open);
        let (lines, guard) = Lines::start(reader).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let lines = &lines;
                scope.spawn(move || {
                    for number in 0..1_000 {
                        lines.make_writer().write_all(format!("thread {thread} line {number}\n").as_bytes()).unwrap();
                    }
                });
            }
        });
        drop(guard);
        let text = String::from_utf8(read.lock().unwrap().clone()).unwrap();
        for thread in 0..4 {
            let own = format!("thread {thread} ");
            let numbers = text.lines().filter_map(|line| line.strip_prefix(&own));
            assert!(numbers.eq((0..1_000).map(|number| format!("line {number}"))), "thread {thread}");
        }
        assert_eq!(text.lines().count(), 4_000);
    }

    #[test]
    fn a_line_that_comes_alone_is_written_at_once() {
        let (reader, open, read) = reader();
        drop(open);
        let (lines, _guard) = Lines::start(reader).unwrap();
        for number in 1..=3 {
            lines.make_writer().write_all(b"line\n").unwrap();
            let patience = std::time::Instant::now();
            while read.lock().unwrap().len() < 5 * number {
                assert!(patience.elapsed() < Duration::from_secs(20));
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    #[test]
    fn whoever_stops_reading_stops_nobody_and_costs_no_more_memory() {
        let (reader, open, read) = reader();
        let (lines, guard) = Lines::start(reader).unwrap();
        let line = [b'x'; 1024 * 1024];
        for _ in 0..64 {
            lines.make_writer().write_all(&line).unwrap();
        }
        assert!(lines.0.lock().bytes.len() <= WAITING_MAX);
        drop(open);
        drop(guard);
        let count = read.lock().unwrap().len();
        // What waited, and what was being written when the reader had stopped.
        assert!((WAITING_MAX..=2 * WAITING_MAX).contains(&count), "{count}");
    }
}
