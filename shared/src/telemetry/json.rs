//! Events as lines of JSON: time, level, then the event's own fields.
//!
//! tracing-subscriber has a format of this look. It takes a general serializer through every field, which made one line cost
//! four times as much: more than routing the request that it tells of.

use std::fmt::{self, Debug, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::registry::LookupSpan;

/// One line of JSON (RFC 8259) for each event.
pub struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        line.write_str(r#"{"timestamp":""#)?;
        SystemTime.format_time(&mut line)?;
        line.write_str(r#"","level":""#)?;
        line.write_str(event.metadata().level().as_str())?;
        line.write_char('"')?;
        let mut fields = Fields { line: &mut line, outcome: Ok(()) };
        event.record(&mut fields);
        fields.outcome?;
        line.write_str("}\n")
    }
}

/// Writes each field behind the others.
struct Fields<'a, 'line> {
    line: &'a mut Writer<'line>,
    outcome: fmt::Result,
}

impl Fields<'_, '_> {
    /// Writes a value that needs no quotes.
    fn plain(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.outcome = self.outcome.and_then(|()| {
            name(self.line, field)?;
            self.line.write_fmt(value)
        });
    }
}

/// Names of fields are names in Rust, so nothing in them has to be escaped.
fn name(line: &mut Writer<'_>, field: &Field) -> fmt::Result {
    line.write_str(",\"")?;
    line.write_str(field.name())?;
    line.write_str("\":")
}

impl Visit for Fields<'_, '_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        match value.is_finite() {
            true => self.plain(field, format_args!("{value}")),
            false => self.plain(field, format_args!("null")),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, format_args!("{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.outcome = self.outcome.and_then(|()| {
            name(self.line, field)?;
            self.line.write_char('"')?;
            Escaped(self.line).write_str(value)?;
            self.line.write_char('"')
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.outcome = self.outcome.and_then(|()| {
            name(self.line, field)?;
            self.line.write_char('"')?;
            write!(Escaped(self.line), "{value:?}")?;
            self.line.write_char('"')
        });
    }
}

/// Writes text as the inside of a JSON string (RFC 8259, section 7).
struct Escaped<'a, 'line>(&'a mut Writer<'line>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        let is_special = |character: char| matches!(character, '"' | '\\' | '\0'..='\x1f');
        while let Some((before, rest)) = text.find(is_special).and_then(|place| text.split_at_checked(place)) {
            self.0.write_str(before)?;
            let mut rest = rest.chars();
            match rest.next() {
                Some('\n') => self.0.write_str("\\n")?,
                Some('\t') => self.0.write_str("\\t")?,
                Some(quoted @ ('"' | '\\')) => write!(self.0, "\\{quoted}")?,
                Some(control) => write!(self.0, "\\u{:04x}", u32::from(control))?,
                None => {}
            }
            text = rest.as_str();
        }
        self.0.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::JsonLines;
    use crate::telemetry::lines::Lines;
    use proptest::prelude::{any, proptest};
    use serde_json::Value;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Read(Arc<Mutex<Vec<u8>>>);

    impl Write for Read {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines of what `say` says.
    fn lines(say: impl FnOnce()) -> Vec<Value> {
        let read = Read::default();
        let (lines, guard) = Lines::start(read.clone()).unwrap();
        let subscriber = tracing_subscriber::fmt().event_format(JsonLines).with_writer(lines).finish();
        tracing::subscriber::with_default(subscriber, say);
        drop(guard);
        let text = String::from_utf8(read.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_an_object_with_every_field_of_the_event() {
        let all = lines(|| {
            let (id, nothing): (_, Option<u8>) = ("a-b", None);
            tracing::info!(method = "GET", status = 200_u16, ok = true, less = -1, ms = 0.25, %id, ?nothing, "request");
            tracing::error!(ms = f64::NAN, "a {} \"word\"\n", "\\");
        });
        let [first, second] = all.as_slice() else { panic!("{all:?}") };
        for (name, value) in [
            ("level", Value::from("INFO")),
            ("message", "request".into()),
            ("method", "GET".into()),
            ("status", 200.into()),
            ("ok", true.into()),
            ("less", (-1).into()),
            ("ms", 0.25.into()),
            ("id", "a-b".into()),
            ("nothing", "None".into()),
        ] {
            assert_eq!(first[name], value, "{name} of {first}");
        }
        let time = first["timestamp"].as_str().unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
        assert_eq!((&second["level"], &second["ms"]), (&"ERROR".into(), &Value::Null));
        assert_eq!(second["message"], "a \\ \"word\"\n");
    }

    proptest! {
        #[test]
        fn any_text_arrives_as_it_is(text in any::<String>()) {
            let all = lines(|| tracing::info!(text, shown = %text, "text"));
            assert_eq!((all[0]["text"].as_str(), all[0]["shown"].as_str()), (Some(text.as_str()), Some(text.as_str())));
        }
    }
}
