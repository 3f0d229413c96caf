//! Pages that are the same in every variant: the contract, its documentation, and what each problem means.

use crate::problem::{KINDS, Problem};
use std::borrow::Cow;
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// The contract, `contract/openapi.yaml`, as JSON.
pub const OPENAPI_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// The media type of the pages.
pub const HTML: &str = "text/html; charset=utf-8";

/// The media type of the contract.
pub const JSON: &str = "application/json";

/// The media type of the metrics.
pub const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The page at `/docs`: Swagger UI over `/openapi.json`. Everything it loads comes from this server.
pub const DOCS: &str = include_str!("pages/docs.html");

/// A file below `/docs/`.
#[derive(Debug)]
pub struct Asset {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type.
    pub content_type: String,
}

/// The file `/docs/<name>`.
///
/// # Errors
/// [`Problem::NotFound`] if the page needs none of this name.
pub fn docs_file(name: &str) -> Result<Asset, Problem> {
    docs_asset(name).ok_or(Problem::NotFound)
}

fn docs_asset(name: &str) -> Option<Asset> {
    // Its own index would load the assets from the wrong place: only the files that our page names are served.
    const SERVED: [&str; 3] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];
    SERVED.into_iter().find(|served| *served == name)?;
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::from("/openapi.json"))).ok()??;
    Some(Asset { bytes: file.bytes, content_type: file.content_type })
}

/// The page at `/problems/<slug>`. Nothing in it needs escaping: all of its text is ours.
///
/// # Errors
/// [`Problem::NotFound`] if there is no such problem.
pub fn problem(slug: &str) -> Result<String, Problem> {
    problem_page(slug).ok_or(Problem::NotFound)
}

fn problem_page(slug: &str) -> Option<String> {
    let kind = KINDS.into_iter().find(|kind| kind.slug == slug)?;
    let page = include_str!("pages/problem.html");
    // Explanations are written with `code` in them.
    let parts = kind.explanation.split('`').enumerate();
    let explanation: String =
        parts.map(|(n, part)| if n % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect();
    let filled = page.replace("{title}", kind.title).replace("{slug}", kind.slug);
    Some(filled.replace("{status}", &kind.status.to_string()).replace("{explanation}", &explanation))
}

#[cfg(test)]
mod tests {
    use super::{DOCS, OPENAPI_JSON, docs_asset, problem_page};
    use crate::problem::KINDS;

    #[test]
    fn the_docs_load_nothing_from_elsewhere() {
        assert!(!DOCS.contains("http"), "no absolute address");
        for (_, name) in DOCS.split('"').filter_map(|part| part.split_once("/docs/")) {
            assert!(docs_asset(name).is_some_and(|asset| asset.bytes.len() > 100), "{name}");
        }
        assert!(docs_asset("index.html").is_none() && docs_asset("../Cargo.toml").is_none());
    }

    #[test]
    fn every_problem_has_its_page() {
        for kind in KINDS {
            let page = problem_page(kind.slug).unwrap();
            assert!(page.contains(kind.title) && !page.contains("{title}") && !page.contains("{s"), "{page}");
            assert!(!page.contains('`') && page.matches("<code>").count() == page.matches("</code>").count(), "{page}");
        }
        assert!(problem_page("nothing").is_none());
    }

    #[test]
    fn the_contract_is_json() {
        let contract: serde_json::Value = serde_json::from_str(OPENAPI_JSON).unwrap();
        assert_eq!(contract["openapi"].as_str().map(|version| &version[..4]), Some("3.1."));
    }
}
