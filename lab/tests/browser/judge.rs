//! What others have rules for: accessibility, layout shift, the weight of a page.

use super::Browser;
use std::path::Path;

/// Violations by axe-core, each with the rule and where it is broken. What it cannot decide is no violation.
const AXE: &str = r#"
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(
  ({ violations }) => done(violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target} ${node.html.slice(0, 160)}`))),
  (error) => done([String(error)]));
"#;

/// Layout shifts (W3C Layout Instability) that no press of a key or a button excuses.
const SHIFTS: &str = r#"
const done = arguments[arguments.length - 1];
const shifts = [];
const observer = new PerformanceObserver(() => {});
observer.observe({ type: "layout-shift", buffered: true });
setTimeout(() => {
  for (const entry of observer.takeRecords()) {
    if (entry.hadRecentInput) continue;
    const moved = entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? "?").join(" | ");
    shifts.push(`${entry.value.toFixed(4)} ${moved}`);
  }
  done(shifts);
}, 100);
"#;

/// Bytes of the page and of all that it loaded, before any compression.
const WEIGHT: &str = r#"
const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
return entries.reduce((sum, entry) => sum + entry.decodedBodySize, 0);
"#;

impl Browser {
    /// What axe-core finds against the page as it is now.
    pub async fn violations(&self) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-tools/axe.min.js");
        let axe = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; ./test tools installs it", path.display()));
        self.ask(&axe).await;
        self.answers(AXE).await
    }

    /// What has moved by itself since the page was opened.
    pub async fn layout_shifts(&self) -> Vec<String> {
        self.answers(SHIFTS).await
    }

    /// How heavy the page is, with all that it has loaded, in bytes.
    pub async fn weight(&self) -> u64 {
        self.ask(WEIGHT).await.as_u64().unwrap()
    }

    async fn answers(&self, script: &str) -> Vec<String> {
        let found = self.driver.execute_async(script, vec![]).await.unwrap().json().clone();
        found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }
}
