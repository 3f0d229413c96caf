//! Follows an operation from its handlers to the store, by what calls what. All of it is read from the code; nothing is
//! listed by hand, so a new operation is found as soon as it is there.

use crate::compare::calls::{Call, place_of_path};
use crate::compare::extract::Function;
use crate::compare::library::{Crate, Library};
use crate::compare::source::{Kind, SourceFile};
use crate::operations::Operation;
use std::collections::{HashMap, HashSet};

/// An operation and what it runs through.
pub struct Entry {
    /// What the contract says of it.
    pub operation: Operation,
    /// The module of its handlers: `users`.
    pub module: String,
    /// The handler of each framework, by the framework's name.
    pub handlers: HashMap<String, Function>,
    /// What the handlers call in `shared`: the service's method.
    pub service: Option<Function>,
    /// The helpers in the service's own file that it calls, itself or by one of them, each before what it calls in turn.
    pub helpers: Vec<Function>,
    /// The methods of repository traits that the service calls, itself or by its helpers.
    pub repository: Vec<Function>,
    /// Those that are called by another service, with the method that does.
    pub indirect: Vec<(Function, Function)>,
}

/// Where a call goes.
enum Target<'a> {
    /// A method that a trait of the repository declares.
    Repository(&'a Function),
    /// A function of `shared`; with the name of its type if it is a method of another service.
    Function(&'a Function),
}

impl Library {
    /// Where a framework routes requests to the operation's handler: how many words of the file are before it, the file
    /// and the line.
    #[must_use]
    pub fn route<'a>(&self, entry: &Entry, framework: &'a Crate) -> Option<(usize, &'a SourceFile, usize)> {
        let handler = entry.handlers.get(&framework.side.name)?;
        let path: Vec<&str> = handler.module_path.iter().chain([&handler.name]).map(String::as_str).collect();
        let routes = framework.files.iter().filter(|file| file.module_path == ["routes"]);
        routes.filter_map(|file| place_of_path(&file.text, &path).map(|(words, line)| (words, file, line))).next()
    }

    /// The functions of a framework outside its handlers that call a service: the token check.
    #[must_use]
    pub fn gates<'a>(&'a self, framework: &'a Crate) -> Vec<(&'a Function, &'a Function)> {
        let outside = framework.side.functions.iter().filter(|function| !framework.side.is_operation(function));
        outside.filter_map(|function| Some((function, self.service_of(function)?))).collect()
    }

    /// The functions of `shared` that a function of a framework calls, in the order of the calls.
    #[must_use]
    pub fn shared_calls(&self, function: &Function) -> Vec<&Function> {
        let named = self.names_in(function);
        let targets = named.calls.iter().filter_map(|call| self.target(call, None));
        targets
            .map(|target| match target {
                Target::Repository(function) | Target::Function(function) => function,
            })
            .collect()
    }

    fn shared(&self) -> impl Iterator<Item = &Function> {
        self.of_kind(Kind::Shared).flat_map(|crate_| &crate_.side.functions)
    }

    /// The methods that the traits of `shared/src/repository.rs` declare, in their order.
    pub fn declarations(&self) -> impl Iterator<Item = &Function> {
        self.shared().filter(|function| {
            function.module() == "repository" && function.implements.is_none() && function.owner.is_some()
        })
    }

    fn declaration(&self, owner: &str, name: &str) -> Option<&Function> {
        self.declarations().find(|function| function.owner.as_deref() == Some(owner) && function.name == name)
    }

    /// Where a call goes: one in `shared` if `inside` says in which function it stands, else one in a framework.
    fn target(&self, call: &Call, inside: Option<&Function>) -> Option<Target<'_>> {
        let field = |owner: &str, field: &str, name: &str| {
            let types = self.structs.types(owner, field)?;
            types.iter().find_map(|owner| {
                let declared = self.declaration(owner, name).map(Target::Repository);
                let method = |function: &&Function| function.owner.as_deref() == Some(owner) && function.name == name;
                declared.or_else(|| self.shared().find(method).map(Target::Function))
            })
        };
        match (call.names().as_slice(), inside) {
            ([.., "services", service, name], None) => field("Services", service, name),
            (["self", of, name], Some(inside)) => field(inside.owner.as_deref()?, of, name),
            (["self" | "Self", name], Some(inside)) => self
                .shared()
                .find(|other| other.owner == inside.owner && other.path == inside.path && other.name == *name)
                .map(Target::Function),
            ([name], Some(inside)) => {
                let free = || self.shared().filter(|other| other.owner.is_none() && other.name == *name);
                let same_file = free().find(|other| other.path == inside.path);
                let sibling = || {
                    free().find(|other| {
                        other.module_path.split_last().map(|(_, folder)| folder)
                            == inside.module_path.split_last().map(|(_, folder)| folder)
                    })
                };
                same_file.or_else(sibling).map(Target::Function)
            }
            ([.., of, name], _) if call.is_path => self
                .shared()
                .find(|other| {
                    let is_method = other.owner.as_deref() == Some(of);
                    let is_free = other.owner.is_none() && other.module() == *of;
                    other.name == *name && (is_method || is_free)
                })
                .map(Target::Function),
            _ => None,
        }
    }

    /// The one method of a service that a function of a framework calls.
    fn service_of(&self, function: &Function) -> Option<&Function> {
        self.names_in(function).calls.iter().find_map(|call| match call.names().as_slice() {
            [.., "services", _, _] => match self.target(call, None) {
                Some(Target::Function(method)) => Some(method),
                _ => None,
            },
            _ => None,
        })
    }

    pub(super) fn entry(&self, operation: Operation) -> Entry {
        let line = format!("/// `{}`", operation.request_line());
        let mut handlers = HashMap::new();
        for framework in self.of_kind(Kind::Framework) {
            let is_handler = |function: &&Function| {
                framework.side.is_operation(function) && function.lines.iter().any(|own| own.trim() == line)
            };
            if let Some(handler) = framework.side.functions.iter().find(is_handler) {
                handlers.insert(framework.side.name.clone(), handler.clone());
            }
        }
        let handler = self.of_kind(Kind::Framework).find_map(|framework| handlers.get(&framework.side.name));
        let page = |handler: &Function| self.shared_calls(handler).into_iter().next();
        let service = handler.and_then(|handler| self.service_of(handler).or_else(|| page(handler))).cloned();
        let mut entry = Entry {
            module: handler.map_or_else(String::new, |handler| handler.module().to_owned()),
            handlers: HashMap::new(),
            helpers: Vec::new(),
            repository: Vec::new(),
            indirect: Vec::new(),
            service,
            operation,
        };
        entry.handlers = handlers;
        if let Some(service) = entry.service.clone() {
            let shared = self.of_kind(Kind::Shared).find(|crate_| crate_.side.functions.contains(&service));
            let helpers = shared.map(|crate_| self.helpers(&crate_.side, &service)).unwrap_or_default();
            entry.helpers = helpers.into_iter().cloned().collect();
            self.walk(&service, None, &mut HashSet::new(), &mut entry);
        }
        if entry.operation.needs_token {
            let gates = self.of_kind(Kind::Framework).flat_map(|framework| self.gates(framework));
            for (_, check) in gates {
                self.walk(check, Some(check), &mut HashSet::new(), &mut entry);
            }
        }
        entry
    }

    /// Notes the calls of repositories in `function` and in what it calls. `through` is the method of another service
    /// that led here.
    fn walk(
        &self,
        function: &Function,
        through: Option<&Function>,
        seen: &mut HashSet<(String, usize)>,
        entry: &mut Entry,
    ) {
        if !seen.insert((function.path.clone(), function.first_line)) {
            return;
        }
        for call in &self.names_in(function).calls {
            match self.target(call, Some(function)) {
                Some(Target::Repository(declared)) => match through {
                    None if !entry.repository.contains(declared) => entry.repository.push(declared.clone()),
                    Some(through)
                        if !entry.indirect.iter().any(|known| known.0 == *declared && known.1 == *through) =>
                    {
                        entry.indirect.push((declared.clone(), through.clone()));
                    }
                    _ => {}
                },
                Some(Target::Function(next)) => {
                    let leaves = next.owner.is_some() && next.owner != function.owner;
                    self.walk(next, through.or(leaves.then_some(next)), seen, entry);
                }
                None => {}
            }
        }
    }
}

impl Entry {
    /// The name of its handlers with a dot, as operations are named: `system.live`.
    #[must_use]
    pub fn handler_name(&self) -> String {
        let handler = self.handlers.values().next();
        handler.map_or_else(String::new, |handler| format!("{}.{}", handler.module(), handler.name))
    }

    /// The functions that a crate has of this operation: the handler, the service's method with its helpers, or the
    /// store's methods with theirs.
    #[must_use]
    pub fn functions<'a>(&'a self, library: &'a Library, crate_: &'a Crate) -> Vec<&'a Function> {
        match crate_.side.kind {
            Kind::Framework => self.handlers.get(&crate_.side.name).into_iter().collect(),
            Kind::Shared => self.service.iter().chain(&self.helpers).collect(),
            Kind::Store => {
                let methods = self.repository.iter().filter_map(|declared| crate_.implementation_of(declared));
                let mut functions: Vec<&Function> = methods.collect();
                for method in functions.clone() {
                    for helper in library.helpers(&crate_.side, method) {
                        if !functions.contains(&helper) {
                            functions.push(helper);
                        }
                    }
                }
                functions
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::compare::extract::Function;
    use crate::compare::library::Library;
    use crate::compare::library::tests::embedded;
    use crate::compare::source::{Kind, SourceFile};
    use crate::operations::Contract;

    fn names(functions: &[Function]) -> Vec<&str> {
        functions.iter().map(|function| function.name.as_str()).collect()
    }

    #[test]
    fn an_operation_is_followed_to_the_store() {
        let library = embedded();
        let create = library.entry_named("users.create").unwrap();
        assert_eq!(create.service.as_ref().unwrap().operation(), "users::create");
        assert_eq!(names(&create.repository), ["insert"]);
        assert!(create.indirect.iter().any(|(declared, by)| declared.name == "find" && by.name == "confirm"));
        assert!(create.indirect.iter().any(|(declared, by)| declared.name == "find" && by.name == "authenticate"));
        assert_eq!(names(&create.helpers), ["new_user"]);
        let update = library.entry_named("users.update").unwrap();
        assert_eq!(names(&update.repository), ["find", "update"]);
        assert_eq!(names(&update.helpers), ["self_or_admin", "read", "change"]);
        let register = library.entry_named("auth.register").unwrap();
        assert_eq!((names(&register.repository), register.indirect.len()), (vec!["insert"], 0));
        let ready = library.entry_named("system.ready").unwrap();
        assert_eq!((ready.operation.id.as_str(), names(&ready.repository)), ("health.ready", vec!["ping"]));
        let place = library.entry_named("orders.create").unwrap();
        assert_eq!(names(&place.repository), ["find_by_key", "find", "find_many", "place"]);
        let helpers = ["placed_before", "place", "products_of", "unknown_product", "in_order"];
        assert_eq!(names(&place.helpers)[..5], helpers);
        let hello = library.entry_named("hello.show").unwrap();
        assert!(hello.repository.is_empty() && hello.indirect.is_empty() && hello.service.is_some());
    }

    /// A backend of its own, in a few lines: nothing knows the names in it.
    fn small() -> Library {
        let file = |folder: &str, path: &str, text: &str| SourceFile::new(folder, path, text.to_owned());
        let shared = vec![
            file("s", "app.rs", "pub struct Services { pub orders: Arc<OrderService>, pub users: UserService }"),
            file(
                "s",
                "repository.rs",
                "pub trait OrderRepository { fn take(&self); fn find(&self); }\n\
                 pub trait UserRepository { fn find(&self); }",
            ),
            file(
                "s",
                "services/users.rs",
                "pub struct UserService { users: Arc<dyn UserRepository> }\n\
                 impl UserService { pub fn known(&self) { self.users.find() } }",
            ),
            file(
                "s",
                "services/orders.rs",
                "pub struct OrderService { orders: Arc<dyn OrderRepository>, users: UserService }\n\
                 impl OrderService {\n pub fn place(&self) { self.users.known(); check(); self.again() }\n\
                 fn again(&self) { select! { x = self.orders.take() => self.again() } }\n}\nfn check() {}",
            ),
        ];
        let web = vec![
            file("w", "handlers/orders.rs", "/// `POST /orders`\npub fn place(app: A) { app.services.orders.place() }"),
            file("w", "routes.rs", "fn routes() { post(handlers::orders::place) }"),
        ];
        let store =
            vec![file("d", "orders.rs", "impl OrderRepository for Orders { fn take(&self) { help() } }\nfn help() {}")];
        let document = serde_json::json!({ "paths": { "/orders": { "post": { "operationId": "orders.place" } } } });
        let crates = [("web", Kind::Framework, web), ("shared", Kind::Shared, shared), ("db", Kind::Store, store)];
        Library::new(crates, Contract::new(&document).operations).unwrap()
    }

    #[test]
    fn operations_that_nobody_has_heard_of_are_followed_too() {
        let library = small();
        let entry = library.entry_named("orders.place").unwrap();
        assert_eq!(entry.service.as_ref().unwrap().owner.as_deref(), Some("OrderService"));
        assert_eq!(names(&entry.helpers), ["check", "again"]);
        assert_eq!(entry.repository[0].owner.as_deref(), Some("OrderRepository"));
        assert_eq!(names(&entry.repository), ["take"]);
        let (declared, through) = &entry.indirect[0];
        assert_eq!((declared.owner.as_deref(), through.name.as_str()), (Some("UserRepository"), "known"));
        let store = library.crate_named("db").unwrap();
        let shown: Vec<&str> = entry.functions(&library, store).iter().map(|function| function.name.as_str()).collect();
        assert_eq!(shown, ["take", "help"]);
        assert!(library.crate_named("db").is_some() && library.crate_named("dbx").is_none());
    }

    /// What runs in a store, from the method to what its helpers call and to the script that the database runs.
    #[test]
    fn what_a_store_does_is_followed_through_its_file() {
        let library = embedded();
        let place = library.entry_named("orders.create").unwrap();
        for (store, expected) in [
            ("diesel-postgres", &["lock_products", "change_stock", "write_failure"][..]),
            ("mongodb", &["take_and_insert", "change_products", "shortages", "write_error"]),
            ("redis", &["place_order", "placed"]),
            ("sea-orm-mysql", &["as_a_whole", "try_to_place", "locked_stock", "move_stock", "place_error"]),
        ] {
            let functions = place.functions(library, library.crate_named(store).unwrap());
            let found: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
            assert!(expected.iter().all(|name| found.contains(name)), "{store}: {found:?}");
        }
    }

    #[test]
    fn every_operation_has_a_handler_in_every_framework_and_all_call_the_same() {
        let library = embedded();
        let frameworks: Vec<_> = library.of_kind(Kind::Framework).collect();
        for entry in &library.entries {
            for framework in &frameworks {
                let handler = entry.handlers.get(&framework.side.name);
                let handler = handler.unwrap_or_else(|| panic!("{} in {}", entry.operation.id, framework.side.name));
                assert_eq!(handler.operation().replace("::", "."), entry.handler_name());
                let calls = library.shared_calls(handler);
                let pages_only = handler.module() == "system" && calls.iter().all(|call| call.module() == "pages");
                assert!(calls.len() == 1 || pages_only, "{}: {calls:?}", handler.location());
                assert_eq!(calls.first().copied(), entry.service.as_ref(), "{}", handler.location());
            }
            for store in library.of_kind(Kind::Store) {
                assert!(entry.repository.iter().all(|declared| store.implementation_of(declared).is_some()));
            }
        }
    }

    /// The doc comment says which operation a handler is; Rocket's attribute says it to Rocket.
    #[test]
    fn the_comments_of_handlers_say_what_their_attributes_say() {
        let library = embedded();
        for entry in &library.entries {
            let handler = &entry.handlers["rocket"];
            let path = entry.operation.path.replace('{', "<").replace('}', ">");
            let attribute = format!("#[{}(\"{path}\"", entry.operation.method.to_lowercase());
            assert!(handler.lines.iter().any(|line| line.starts_with(&attribute)), "{}", handler.location());
        }
    }

    #[test]
    fn the_token_check_is_found_in_every_framework() {
        let library = embedded();
        for framework in library.of_kind(Kind::Framework) {
            let gates = library.gates(framework);
            assert_eq!(gates.len(), 1, "{}", framework.side.name);
            assert!(gates.iter().all(|(_, check)| check.name == "authenticate"));
        }
    }
}
