//! Cuts functions out of source text by parsing it, so that what is shown is what is there.

use crate::compare::source::{SCRIPT, SourceFile};
use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, ImplItem, Item, Pat, Signature, TraitItem, Type, Visibility};

/// One function or method, with the lines it was cut from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The file, from the root of the repository.
    pub path: String,
    /// The module, inside its crate: `["handlers", "users"]`.
    pub module_path: Vec<String>,
    /// The function's own name.
    pub name: String,
    /// The type whose `impl` block it is in, or the trait that declares it.
    pub owner: Option<String>,
    /// The trait that the `impl` block is for.
    pub implements: Option<String>,
    /// Whether it says `pub`. Methods of a trait say nothing and count as not public.
    pub public: bool,
    /// What its parameters are called, destructured ones by what they bind: `State(services): …` is `services`.
    pub parameters: Vec<String>,
    /// The line of its file where its comment, attributes or signature begin, from 1.
    pub first_line: usize,
    /// Its lines as they stand in the file: comment, attributes, signature and body.
    pub lines: Vec<String>,
}

impl Function {
    /// The last part of the module path, which is what people call the module: `users`.
    #[must_use]
    pub fn module(&self) -> &str {
        self.module_path.last().map_or("", String::as_str)
    }

    /// What people type to get this function: `users::create`.
    #[must_use]
    pub fn operation(&self) -> String {
        format!("{}::{}", self.module(), self.name)
    }

    /// The lines of the comment that it begins with, without their signs: Rust's or Lua's.
    pub(crate) fn comment(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map_while(|line| {
            let line = line.trim();
            line.strip_prefix("///").or_else(|| line.strip_prefix("--"))
        })
    }

    /// File and line: `framework-axum/src/handlers/users.rs:34`.
    #[must_use]
    pub fn location(&self) -> String {
        format!("{}:{}", self.path, self.first_line)
    }
}

/// A file that is not Rust, as far as it was understood.
#[derive(Debug, thiserror::Error)]
#[error("{path}:{line}: {source}")]
pub struct ExtractError {
    path: String,
    line: usize,
    source: syn::Error,
}

/// Every function of the file, in its order: free ones, those in `impl` blocks, in traits and in modules inside the
/// file. Tests (`#[cfg(test)]`, `#[test]`) are left out, and so are functions inside functions. A script is one function.
///
/// # Errors
/// If the file does not parse.
pub fn functions(file: &SourceFile) -> Result<Vec<Function>, ExtractError> {
    if let Some((name, folders)) = file.module_path.split_last()
        && name.ends_with(SCRIPT)
    {
        return Ok(vec![script(file, folders, name)]);
    }
    let syntax = syn::parse_file(&file.text).map_err(|source| ExtractError {
        path: file.path.clone(),
        line: source.span().start().line,
        source,
    })?;
    let mut extraction = Extraction { file, lines: file.text.lines().collect(), functions: Vec::new() };
    extraction.visit(&syntax.items);
    Ok(extraction.functions)
}

fn script(file: &SourceFile, folders: &[String], name: &str) -> Function {
    Function {
        path: file.path.clone(),
        module_path: folders.to_vec(),
        name: name.trim_end_matches(SCRIPT).to_owned(),
        owner: None,
        implements: None,
        public: false,
        parameters: Vec::new(),
        first_line: 1,
        lines: file.text.lines().map(ToOwned::to_owned).collect(),
    }
}

/// [`functions`] of all files, one after the other.
///
/// # Errors
/// If one of the files does not parse.
pub fn functions_of_all(files: &[SourceFile]) -> Result<Vec<Function>, ExtractError> {
    let mut all = Vec::new();
    for file in files {
        all.extend(functions(file)?);
    }
    Ok(all)
}

struct Extraction<'a> {
    file: &'a SourceFile,
    lines: Vec<&'a str>,
    functions: Vec<Function>,
}

/// What is known of a function before its signature is read.
#[derive(Default)]
struct Place {
    owner: Option<String>,
    implements: Option<String>,
    public: bool,
}

impl Extraction<'_> {
    fn visit(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Fn(function) if !is_test(&function.attrs) => {
                    let place = Place { public: is_public(&function.vis), ..Place::default() };
                    self.push(place, &function.sig, function);
                }
                Item::Impl(block) if !is_test(&block.attrs) => {
                    for member in &block.items {
                        if let ImplItem::Fn(method) = member {
                            let place = Place {
                                owner: type_name(&block.self_ty),
                                implements: block.trait_.as_ref().and_then(|(_, path, _)| last_segment(path)),
                                public: is_public(&method.vis),
                            };
                            self.push(place, &method.sig, method);
                        }
                    }
                }
                Item::Trait(definition) if !is_test(&definition.attrs) => {
                    for member in &definition.items {
                        if let TraitItem::Fn(method) = member {
                            let place = Place { owner: Some(definition.ident.to_string()), ..Place::default() };
                            self.push(place, &method.sig, method);
                        }
                    }
                }
                Item::Mod(module) if !is_test(&module.attrs) => {
                    if let Some((_, inner)) = &module.content {
                        self.visit(inner);
                    }
                }
                _ => {}
            }
        }
    }

    fn push(&mut self, place: Place, signature: &Signature, whole: &impl Spanned) {
        let (LineColumn { line: start, .. }, LineColumn { line: end, .. }) = (whole.span().start(), whole.span().end());
        let first = self.with_comment_above(start);
        self.functions.push(Function {
            path: self.file.path.clone(),
            module_path: self.file.module_path.clone(),
            name: signature.ident.to_string(),
            owner: place.owner,
            implements: place.implements,
            public: place.public,
            parameters: signature.inputs.iter().flat_map(parameter_names).collect(),
            first_line: first,
            lines: self.lines.iter().skip(first - 1).take(end + 1 - first).map(ToString::to_string).collect(),
        });
    }

    /// A `//` comment right above belongs to the function, but the parser does not see it: doc comments are tokens,
    /// these are not.
    fn with_comment_above(&self, line: usize) -> usize {
        let comment_lines = self.lines.iter().take(line - 1).rev().take_while(|line| {
            let line = line.trim_start();
            line.starts_with("//") && !line.starts_with("//!")
        });
        line - comment_lines.count()
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

fn last_segment(path: &syn::Path) -> Option<String> {
    path.segments.last().map(|segment| segment.ident.to_string())
}

fn type_name(self_type: &Type) -> Option<String> {
    match self_type {
        Type::Path(path) => last_segment(&path.path),
        Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

fn parameter_names(argument: &FnArg) -> Vec<String> {
    match argument {
        FnArg::Receiver(_) => vec!["self".to_owned()],
        FnArg::Typed(typed) => {
            let mut names = Vec::new();
            bound_names(&typed.pat, &mut names);
            names
        }
    }
}

fn bound_names(pattern: &Pat, names: &mut Vec<String>) {
    match pattern {
        Pat::Ident(ident) => names.push(ident.ident.to_string()),
        Pat::Wild(_) => names.push("_".to_owned()),
        Pat::TupleStruct(tuple) => tuple.elems.iter().for_each(|element| bound_names(element, names)),
        Pat::Tuple(tuple) => tuple.elems.iter().for_each(|element| bound_names(element, names)),
        Pat::Struct(fields) => fields.fields.iter().for_each(|field| bound_names(&field.pat, names)),
        Pat::Reference(reference) => bound_names(&reference.pat, names),
        Pat::Paren(inner) => bound_names(&inner.pat, names),
        _ => {}
    }
}
