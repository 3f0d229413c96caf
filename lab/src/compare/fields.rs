//! The types of the fields of structs: they say where a call of a field's method goes.

use crate::compare::source::SourceFile;
use std::collections::HashMap;

/// The names in the types of fields: `auth` of `UserService` has `Arc` and `AuthService`.
#[derive(Default)]
pub(super) struct Fields(HashMap<(String, String), Vec<String>>);

impl Fields {
    /// Those of a field.
    pub(super) fn types(&self, owner: &str, field: &str) -> Option<&[String]> {
        self.0.get(&(owner.to_owned(), field.to_owned())).map(Vec::as_slice)
    }

    /// Reads the structs of a file. One that does not parse has none.
    pub(super) fn read(&mut self, file: &SourceFile) {
        let Ok(syntax) = syn::parse_file(&file.text) else { return };
        for item in syntax.items {
            let syn::Item::Struct(definition) = item else { continue };
            for field in definition.fields {
                if let Some(name) = field.ident {
                    let mut names = Vec::new();
                    type_names(&field.ty, &mut names);
                    self.0.insert((definition.ident.to_string(), name.to_string()), names);
                }
            }
        }
    }
}

/// `Arc<dyn UserRepository>` has the names `Arc` and `UserRepository`.
fn type_names(type_: &syn::Type, names: &mut Vec<String>) {
    let mut of_path = |path: &syn::Path| {
        let Some(segment) = path.segments.last() else { return };
        names.push(segment.ident.to_string());
        if let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments {
            for argument in &arguments.args {
                if let syn::GenericArgument::Type(inner) = argument {
                    type_names(inner, names);
                }
            }
        }
    };
    match type_ {
        syn::Type::Path(path) => of_path(&path.path),
        syn::Type::TraitObject(object) => {
            for bound in &object.bounds {
                if let syn::TypeParamBound::Trait(bound) = bound {
                    of_path(&bound.path);
                }
            }
        }
        syn::Type::Reference(reference) => type_names(&reference.elem, names),
        _ => {}
    }
}
