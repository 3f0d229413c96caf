//! The way of a request: every stop between the client and the database, with the code that runs there.

use crate::compare::calls::{parameter_names, place_of_path};
use crate::compare::extract::Function;
use crate::compare::follow::Entry;
use crate::compare::library::{Crate, Library};
use crate::compare::source::{Kind, SourceFile};
use shared::problem::Kind as Problem;

/// Code that runs at a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is called there.
    pub name: String,
    /// File and line.
    pub location: String,
    /// The page that shows it.
    pub href: String,
    /// The first sentence of its own comment.
    pub about: Option<String>,
}

impl Place {
    /// The name, cut where it may be wrapped.
    pub fn name_parts(&self) -> impl Iterator<Item = &str> {
        self.name.split_inclusive("::")
    }

    /// The file and line, cut where they may be wrapped.
    pub fn location_parts(&self) -> impl Iterator<Item = &str> {
        self.location.split_inclusive('/')
    }
}

/// A stop on the way.
#[derive(Clone, Debug)]
pub struct Stop {
    /// Its name.
    pub title: &'static str,
    /// The layer that `Server-Timing` names it by.
    pub layer: Option<&'static str>,
    /// What happens here.
    pub sentence: String,
    /// The code.
    pub places: Vec<Place>,
    /// With which problems a request is sent back from here.
    pub refusals: Vec<Problem>,
}

/// The stops in one part of the program.
#[derive(Clone, Debug)]
pub struct Part {
    /// `Framework`.
    pub title: &'static str,
    /// The crate: `axum`.
    pub name: String,
    /// Its stops, in the order in which a request meets them.
    pub stops: Vec<Stop>,
}

/// The parts that a request goes through inside a variant, in order.
#[must_use]
pub fn way(library: &Library, entry: &Entry, framework: &Crate, store: &Crate) -> Vec<Part> {
    let way = Way { library, entry, framework, store };
    let stops = [way.route(), way.authenticate(), way.validate(), way.handler()];
    let shared = library.of_kind(Kind::Shared).map(|crate_| crate_.side.name.clone()).next().unwrap_or_default();
    vec![
        Part { title: "Framework", name: framework.side.name.clone(), stops: stops.into_iter().flatten().collect() },
        Part {
            title: "Service",
            name: shared,
            stops: [way.service(), way.repository()].into_iter().flatten().collect(),
        },
        Part { title: "Store", name: store.side.name.clone(), stops: way.stores() },
    ]
}

struct Way<'a> {
    library: &'a Library,
    entry: &'a Entry,
    framework: &'a Crate,
    store: &'a Crate,
}

impl Way<'_> {
    fn id(&self) -> &str {
        &self.entry.operation.id
    }

    /// The problems of the operation that belong to a stop.
    fn refusals(&self, belongs: impl Fn(&Problem) -> bool) -> Vec<Problem> {
        self.entry.operation.problems().into_iter().filter(belongs).collect()
    }

    fn route(&self) -> Option<Stop> {
        let (_, file, line) = self.library.route(self.entry, self.framework)?;
        let begins = |function: &&Function| {
            self.library.names_in(function).calls.iter().any(|call| call.names().ends_with(&["telemetry", "begin"]))
        };
        let around = self.framework.side.functions.iter().find(begins);
        let routed = in_file("routes".to_owned(), file, line);
        Some(Stop {
            title: "Route",
            layer: None,
            sentence: "Begins the request's context, and finds the handler by method and path.".to_owned(),
            places: around
                .map(|function| named(function, &self.framework.side.name))
                .into_iter()
                .chain([routed])
                .collect(),
            refusals: self.refusals(|problem| problem.status == 405 || problem.slug == "shutting-down"),
        })
    }

    fn authenticate(&self) -> Option<Stop> {
        if !self.entry.operation.needs_token {
            return None;
        }
        let gates = self.library.gates(self.framework);
        let checks: Vec<&Function> = gates.iter().map(|(_, check)| *check).collect();
        let asked = self.entry.indirect.iter().filter(|(_, through)| checks.contains(&through));
        let asked = asked.filter_map(|(declared, _)| self.store.implementation_of(declared));
        let mut places: Vec<Place> = gates.iter().map(|(gate, _)| named(gate, &self.framework.side.name)).collect();
        places.extend(checks.iter().map(|check| named(check, self.shared())));
        places.extend(asked.map(|function| named(function, &self.store.side.name)));
        Some(Stop {
            title: "Authenticate",
            layer: Some("auth"),
            sentence: "Checks the token. Whether its user still has that role and password is asked of the store, unless that was done a moment ago.".to_owned(),
            places,
            refusals: self.refusals(|problem| problem.status == 401),
        })
    }

    fn validate(&self) -> Option<Stop> {
        let handler = self.entry.handlers.get(&self.framework.side.name)?;
        let parameters = parameter_names(handler);
        let gates: Vec<&Function> = self.library.gates(self.framework).into_iter().map(|(gate, _)| gate).collect();
        let mut places: Vec<Place> = Vec::new();
        let mut push = |place: Place| {
            if !places.contains(&place) {
                places.push(place);
            }
        };
        for extractor in &self.framework.side.functions {
            let is_parameter = extractor.module() == "extractors"
                && extractor.owner.as_ref().is_some_and(|owner| parameters.contains(owner));
            if !is_parameter || gates.contains(&extractor) {
                continue;
            }
            let helpers = self.library.helpers(&self.framework.side, extractor);
            let called =
                std::iter::once(extractor).chain(helpers).flat_map(|function| self.library.shared_calls(function));
            // What can refuse returns a `Problem`.
            let checks: Vec<&Function> =
                called.filter(|function| function.lines.iter().any(|line| line.contains(", Problem>"))).collect();
            if !checks.is_empty() {
                push(named(extractor, &self.framework.side.name));
                checks.into_iter().for_each(|check| push(named(check, self.shared())));
            }
        }
        for (file, line, name) in parameters.iter().filter_map(|name| self.body(name)) {
            push(in_file(name, file, line));
        }
        (!places.is_empty()).then(|| Stop {
            title: "Validate",
            layer: Some("validation"),
            sentence: "Reads and checks what was sent, before the handler sees it.".to_owned(),
            places,
            refusals: self.refusals(is_seen_in_the_request),
        })
    }

    /// Where the type of a body or a query is declared.
    fn body(&self, name: &str) -> Option<(&SourceFile, usize, String)> {
        let dtos = self.library.of_kind(Kind::Shared).flat_map(|crate_| &crate_.files);
        let mut dtos = dtos.filter(|file| file.module_path.first().is_some_and(|first| first == "dto"));
        dtos.find_map(|file| Some((file, place_of_path(&file.text, &["struct", name])?.1, name.to_owned())))
    }

    fn handler(&self) -> Option<Stop> {
        let handler = self.entry.handlers.get(&self.framework.side.name)?;
        Some(Stop {
            title: "Handler",
            layer: None,
            sentence: "Calls one method of a service with what was extracted, and turns the result into the answer."
                .to_owned(),
            places: vec![Place { about: None, ..self.of_operation(handler, &self.framework.side.name) }],
            refusals: Vec::new(),
        })
    }

    fn service(&self) -> Option<Stop> {
        let service = self.entry.service.as_ref()?;
        let checks: Vec<&Function> = self.library.gates(self.framework).into_iter().map(|(_, check)| check).collect();
        let mut place = self.of_operation(service, self.shared());
        place.about = place.about.filter(|about| about.trim_end_matches('.') != self.entry.operation.request_line());
        let mut places = vec![place];
        places.extend(self.entry.helpers.iter().map(|helper| named(helper, self.shared())));
        for (_, through) in self.entry.indirect.iter().filter(|(_, through)| !checks.contains(&through)) {
            places.push(named(through, self.shared()));
        }
        let is_checked = self.entry.operation.needs_token;
        Some(Stop {
            title: "Service",
            layer: service.owner.as_ref().map(|_| "service"),
            sentence: match service.owner {
                Some(_) if is_checked => "Asks whether the caller may do this, and keeps the rules of the business.",
                Some(_) => "Keeps the rules of the business; anybody may do this.",
                None => "What all variants answer alike, without a service.",
            }
            .to_owned(),
            places,
            refusals: self.refusals(|problem| match problem.status {
                401 => !is_checked,
                422 => !is_seen_in_the_request(problem),
                status => matches!(status, 403 | 404 | 409 | 412 | 429),
            }),
        })
    }

    fn repository(&self) -> Option<Stop> {
        let places: Vec<Place> = self.entry.repository.iter().map(|declared| named(declared, self.shared())).collect();
        (!places.is_empty()).then(|| Stop {
            title: "Repository",
            layer: None,
            sentence: "The trait that every store implements: the service does not know which one it is.".to_owned(),
            places,
            refusals: Vec::new(),
        })
    }

    fn stores(&self) -> Vec<Stop> {
        let functions = self.entry.functions(self.library, self.store);
        if functions.is_empty() {
            return Vec::new();
        }
        let place = |function: &Function| {
            let declared =
                self.entry.repository.iter().any(|declared| self.store.implementation_of(declared) == Some(function));
            let name = &self.store.side.name;
            if declared { self.of_operation(function, name) } else { named(function, name) }
        };
        // Of a crate with several databases, one may be for all of them and one for this.
        let module = |name: &'static str| self.store.files.iter().filter(move |file| file.module_path == [name]);
        let files = ["schema", "migrations"].into_iter().flat_map(module);
        let files = files.map(|file| in_file(file.relative.clone(), file, 1));
        let root = module("lib").next();
        let layout = root.and_then(|file| {
            let line = file.text.lines().position(|line| line.starts_with("//! # Data layout"))?;
            Some(Place { about: None, ..in_file("Data layout".to_owned(), file, line + 1) })
        });
        let head = |file: &SourceFile| about(file.text.lines().map(|line| line.trim_start_matches("//!")));
        let who: Vec<String> = module("mod").chain(root).filter_map(head).collect();
        vec![
            Stop {
                title: "Store",
                layer: Some("store"),
                sentence: "Sends the statement, and keeps atomic what must be atomic.".to_owned(),
                places: functions.into_iter().map(place).collect(),
                refusals: self.refusals(|problem| problem.status == 503 && problem.slug != "shutting-down"),
            },
            Stop {
                title: "Database",
                layer: None,
                sentence: who.join(" "),
                places: layout.into_iter().chain(files.map(|place| Place { about: None, ..place })).collect(),
                refusals: Vec::new(),
            },
        ]
    }

    fn shared(&self) -> &str {
        self.library.of_kind(Kind::Shared).next().map_or("", |crate_| crate_.side.name.as_str())
    }

    /// A function as part of the operation.
    fn of_operation(&self, function: &Function, crate_: &str) -> Place {
        Place { href: format!("/code/{}?columns={crate_}", self.id()), ..named(function, crate_) }
    }
}

/// Whether a problem is one of the request as it stands: nobody needs to know what was sent or kept before.
fn is_seen_in_the_request(problem: &Problem) -> bool {
    matches!(problem.status, 400 | 408 | 413 | 415 | 422) && problem.slug != "idempotency-key-reused"
}

/// A function by its full name.
fn named(function: &Function, crate_: &str) -> Place {
    let module = function.module_path.iter().map(String::as_str);
    let full: Vec<&str> = module.chain(function.owner.as_deref()).chain([function.name.as_str()]).collect();
    let name = match &function.owner {
        Some(owner) => format!("{owner}::{}", function.name),
        None => function.operation(),
    };
    Place {
        name,
        location: function.location(),
        href: format!("/code/{}?columns={crate_}", full.join("::")),
        about: about(function.comment()),
    }
}

/// The page that shows a file, at a line of it if one is meant.
#[must_use]
pub fn file_address(path: &str, line: Option<usize>) -> String {
    let line = line.map_or_else(String::new, |line| format!("#L{line}"));
    format!("/code/file/{path}{line}")
}

fn in_file(name: String, file: &SourceFile, line: usize) -> Place {
    Place { name, location: format!("{}:{line}", file.path), href: file_address(&file.path, Some(line)), about: None }
}

/// The first sentence of a comment, without its marks and the links in it.
fn about<'a>(lines: impl Iterator<Item = &'a str>) -> Option<String> {
    let paragraph: Vec<&str> = lines.map(str::trim).take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ").replace(['`', '[', ']'], "");
    let text = text.strip_prefix("Who I am: ").unwrap_or(&text);
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    let sentence = text.get(..end).filter(|sentence| !sentence.is_empty())?;
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect())
}
