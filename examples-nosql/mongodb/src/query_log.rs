//! The query log: which request sent a command, and the command without its values.
//!
//! The driver reports each command that it sends, and its end, to a handler of the client, not of the call. What leads
//! back to the request is the command's `comment`, a field that the server ignores and shows in its own logs; a
//! transaction's last command can carry none, and is known by its session.

use mongodb::ClientSession;
use mongodb::bson::{Binary, Bson, Document, spec::BinarySubtype};
use mongodb::event::command::CommandEvent;
use shared::context::RequestContext;
use shared::telemetry::Statement;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The calls that are followed, and their commands that have not ended.
#[derive(Default)]
pub(crate) struct QueryLog(Mutex<State>);

#[derive(Default)]
struct State {
    calls: HashMap<String, RequestContext>,
    running: HashMap<i32, Running>,
    number: u64,
}

struct Running {
    key: String,
    statement: Statement,
}

impl QueryLog {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows commands with this call's comment until the guard is dropped.
    pub(crate) fn follow(self: &Arc<Self>, context: &RequestContext) -> Followed {
        let mut state = self.state();
        state.number += 1;
        // A client may send one request id several times at once; the number tells those apart.
        let key = format!("{} #{}", context.request_id(), state.number);
        state.calls.insert(key.clone(), context.clone());
        Followed { log: self.clone(), key, context: context.clone() }
    }

    /// What the driver reports.
    pub(crate) fn handle(&self, event: CommandEvent) {
        match event {
            CommandEvent::Started(started) => {
                let Some(key) = key_of(&started.command) else { return };
                let mut state = self.state();
                if state.calls.contains_key(&key) {
                    let running = Running { key, statement: statement(started.command) };
                    state.running.insert(started.request_id, running);
                }
            }
            CommandEvent::Succeeded(succeeded) => self.ended(succeeded.request_id, succeeded.duration),
            CommandEvent::Failed(failed) => self.ended(failed.request_id, failed.duration),
            _ => {}
        }
    }

    fn ended(&self, request_id: i32, duration: Duration) {
        let mut state = self.state();
        let Some(Running { key, statement }) = state.running.remove(&request_id) else { return };
        if let Some(context) = state.calls.get(&key) {
            context.record(Statement { duration, ..statement });
        }
    }
}

/// A call, or a session, whose commands are recorded.
pub(crate) struct Followed {
    log: Arc<QueryLog>,
    key: String,
    context: RequestContext,
}

impl Followed {
    /// What its commands carry as their `comment`.
    pub(crate) fn comment(&self) -> Bson {
        Bson::String(self.key.clone())
    }

    /// Follows a session as well.
    pub(crate) fn session(&self, session: &ClientSession) -> Option<Self> {
        let key = session_key(session.id())?;
        self.log.state().calls.insert(key.clone(), self.context.clone());
        Some(Self { log: self.log.clone(), key, context: self.context.clone() })
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let mut state = self.log.state();
        state.calls.remove(&self.key);
        // The end of a command whose call was given up is not reported.
        state.running.retain(|_, running| running.key != self.key);
    }
}

fn key_of(command: &Document) -> Option<String> {
    match command.get("comment") {
        Some(Bson::String(comment)) => Some(comment.clone()),
        _ => session_key(command.get_document("lsid").ok()?),
    }
}

fn session_key(session: &Document) -> Option<String> {
    match session.get("id") {
        Some(Bson::Binary(id)) => id.to_uuid().ok().map(|id| id.to_string()),
        _ => None,
    }
}

/// What the driver adds to each command; it says nothing about the call.
const NOISE: [&str; 6] = ["comment", "lsid", "$db", "$clusterTime", "txnNumber", "$readPreference"];

/// The parts of commands that hold values of ours. What is in no such part (the collection, a limit, an order, a
/// collation) is the same for each call, and is shown.
const VALUES: [&str; 5] = ["filter", "documents", "q", "u", "$match"];

/// A command as the query log keeps it: in place of each value, what kind of thing it is.
fn statement(command: Document) -> Statement {
    let mut parameters = Vec::new();
    let shown = command.into_iter().filter(|(field, _)| !NOISE.contains(&field.as_str()));
    let shown: Document = shown.map(|(field, value)| shown_field(field, value, &mut parameters)).collect();
    Statement { statement: shown.to_string(), parameters, duration: Duration::ZERO }
}

fn shown_field(field: String, value: Bson, parameters: &mut Vec<&'static str>) -> (String, Bson) {
    let value = match value {
        value if VALUES.contains(&field.as_str()) => redacted(value, parameters),
        // The list of an update or a delete, with `q` and `u` in its documents, or a pipeline, with its stages.
        Bson::Array(list) => Bson::Array(list.into_iter().map(|item| shown_item(item, parameters)).collect()),
        other => other,
    };
    (field, value)
}

fn shown_item(item: Bson, parameters: &mut Vec<&'static str>) -> Bson {
    match item {
        Bson::Document(document) => {
            let shown = document.into_iter().map(|(field, value)| shown_field(field, value, parameters));
            Bson::Document(shown.collect())
        }
        other => redacted(other, parameters),
    }
}

fn redacted(value: Bson, parameters: &mut Vec<&'static str>) -> Bson {
    match value {
        Bson::Document(document) => {
            let shown = document.into_iter().map(|(field, value)| (field, redacted(value, parameters)));
            Bson::Document(shown.collect())
        }
        Bson::Array(list) => Bson::Array(list.into_iter().map(|item| redacted(item, parameters)).collect()),
        value => {
            let type_name = type_of(&value);
            parameters.push(type_name);
            Bson::String(type_name.to_owned())
        }
    }
}

/// The names of MongoDB's `$type`, and "uuid" for the one kind of binary data that is here.
fn type_of(value: &Bson) -> &'static str {
    match value {
        Bson::String(_) => "string",
        Bson::Int32(_) => "int",
        Bson::Int64(_) => "long",
        Bson::Double(_) => "double",
        Bson::Boolean(_) => "bool",
        Bson::DateTime(_) => "date",
        Bson::Null => "null",
        Bson::Binary(Binary { subtype: BinarySubtype::Uuid, .. }) => "uuid",
        Bson::Binary(_) => "binData",
        _ => "value",
    }
}
