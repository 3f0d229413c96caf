//! Which crates of the workspace a variant is made of, with which features, and what they depend on. Asked of cargo, which
//! has resolved what a `Cargo.toml` inherits from the workspace.

use super::{FactError, output_of};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The crates of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub struct Workspace {
    packages: Vec<Package>,
}

/// A crate of the workspace, as `cargo metadata` tells it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
    /// Each feature with what it turns on.
    features: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Dependency {
    name: String,
    /// What it is called in the crate, where that is another name.
    rename: Option<String>,
    /// Nothing for a dependency of the code itself, else `dev` or `build`.
    kind: Option<String>,
    optional: bool,
    /// Of a crate of the workspace.
    path: Option<PathBuf>,
}

/// A crate with the features that a variant turns on.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    package: &'a Package,
    features: BTreeSet<String>,
}

impl Workspace {
    /// The workspace in the folder `root`.
    ///
    /// # Errors
    /// If cargo is not there, or `root` is no workspace.
    pub async fn read(root: &Path) -> Result<Self, FactError> {
        Self::parse(&output_of(root, "cargo", &["metadata", "--no-deps", "--format-version", "1"]).await?)
    }

    fn parse(metadata: &str) -> Result<Self, FactError> {
        serde_json::from_str(metadata)
            .map_err(|error| FactError::Format { what: "`cargo metadata`".to_owned(), reason: error.to_string() })
    }

    /// How many crates a framework's crate and a store's crate depend on directly: each counts once, those of the workspace
    /// do not count, nor those that only tests or builds need.
    ///
    /// # Errors
    /// [`FactError::NoCrate`].
    pub fn direct_dependencies(&self, framework: &str, store: &str) -> Result<u64, FactError> {
        let parts = self.parts(framework, store)?;
        let names: BTreeSet<&str> = parts.iter().flat_map(Part::dependencies).collect();
        Ok(names.len() as u64)
    }

    /// The framework's crate and the store's. Stores that share a crate are its features: `diesel-sqlite` is `sqlite` of
    /// `store-diesel`.
    pub(super) fn parts(&self, framework: &str, store: &str) -> Result<[Part<'_>; 2], FactError> {
        let package = |name: String| self.packages.iter().find(|package| package.name == name);
        let no_crate = |name: &str| FactError::NoCrate(name.to_owned());
        let framework_package = package(format!("framework-{framework}")).ok_or_else(|| no_crate(framework))?;
        let whole = package(format!("store-{store}")).map(|package| (package, "default"));
        let (store_package, feature) = whole
            .or_else(|| {
                let (name, feature) = store.rsplit_once('-')?;
                let package = package(format!("store-{name}"))?;
                package.features.contains_key(feature).then_some((package, feature))
            })
            .ok_or_else(|| no_crate(store))?;
        Ok([Part::new(framework_package, "default"), Part::new(store_package, feature)])
    }
}

impl<'a> Part<'a> {
    /// With this feature and all that it turns on.
    fn new(package: &'a Package, feature: &str) -> Self {
        let (mut features, mut next) = (BTreeSet::new(), vec![feature.to_owned()]);
        while let Some(feature) = next.pop() {
            if features.insert(feature.clone()) {
                next.extend(package.features.get(&feature).into_iter().flatten().cloned());
            }
        }
        Self { package, features }
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &'a Path {
        self.package.manifest_path.parent().unwrap_or_else(|| Path::new("."))
    }

    /// Whether a feature is on.
    pub(super) fn has(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }

    /// Whether this is the name of a feature that is off.
    pub(super) fn is_off(&self, feature: &str) -> bool {
        self.package.features.contains_key(feature) && !self.has(feature)
    }

    /// The names of the crates that it needs; not those of the workspace.
    fn dependencies(&self) -> Vec<&'a str> {
        let is_used = |dependency: &&Dependency| {
            let name = dependency.rename.as_ref().unwrap_or(&dependency.name);
            // `x/y` turns on `x`, too, while `x?/y` waits for somebody else to do so.
            let turns_on = |feature: &String| {
                feature == &format!("dep:{name}") || feature.split_once('/').is_some_and(|(of, _)| of == name)
            };
            dependency.kind.is_none()
                && dependency.path.is_none()
                && (!dependency.optional || self.features.iter().any(turns_on))
        };
        self.package.dependencies.iter().filter(is_used).map(|dependency| dependency.name.as_str()).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::Workspace;
    use serde_json::{Value, json};
    use std::path::Path;

    /// A framework and two stores, whose folders are in `root`.
    pub(in crate::facts) fn workspace(root: &Path) -> Workspace {
        let package = |name: &str, dependencies: Value, features: Value| {
            let manifest = root.join(name).join("Cargo.toml");
            json!({"name": name, "manifest_path": manifest, "dependencies": dependencies, "features": features})
        };
        let needs = |name: &str| json!({"name": name, "rename": null, "kind": null, "optional": false});
        let may_need = |name: &str| json!({"name": name, "rename": null, "kind": null, "optional": true});
        let shared = json!({"name": "shared", "rename": null, "kind": null, "optional": false, "path": "/shared"});
        let tests_need = json!({"name": "tempfile", "rename": null, "kind": "dev", "optional": false});
        let features = json!({
            "default": ["sqlite"], "sqlite": ["diesel/sqlite", "dep:libsqlite3-sys"], "postgres": ["pooled", "tls/ring", "x?/y"],
            "pooled": ["dep:deadpool"], "deadpool": ["dep:deadpool"],
        });
        let diesel = json!([
            shared,
            tests_need,
            needs("diesel"),
            needs("tokio"),
            may_need("libsqlite3-sys"),
            may_need("deadpool"),
            may_need("tls"),
            may_need("x"),
        ]);
        let metadata = json!({"packages": [
            package("framework-axum", json!([shared, tests_need, needs("axum"), needs("tokio")]), json!({})),
            package("store-diesel", diesel, features),
            package("store-memory", json!([shared, needs("async-trait")]), json!({})),
        ]});
        Workspace::parse(&metadata.to_string()).unwrap()
    }

    #[test]
    fn dependencies_are_counted_once_and_by_feature() {
        let workspace = workspace(Path::new("/"));
        for (store, expected) in [("memory", 3), ("diesel-sqlite", 4), ("diesel-postgres", 5)] {
            assert_eq!(workspace.direct_dependencies("axum", store).unwrap(), expected, "{store}");
        }
    }

    #[test]
    fn what_there_is_not_is_told() {
        let workspace = workspace(Path::new("/"));
        for (framework, store) in [("actix", "memory"), ("axum", "diesel"), ("axum", "diesel-mysql"), ("axum", "")] {
            match workspace.direct_dependencies(framework, store) {
                // Without a database, the crate's own default.
                Ok(_) => assert_eq!(store, "diesel"),
                Err(error) => assert!(error.to_string().contains("no crate"), "{error}"),
            }
        }
    }
}
