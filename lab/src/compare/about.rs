//! What the head of a file says of a function in it.
//!
//! A section of the file's doc comment that is named after what a function does (`# Placing an order` for `place`) belongs to
//! that function: a table of questions and answers, and paragraphs below it.

use crate::compare::extract::Function;
use crate::compare::library::Crate;

/// A section of a file's doc comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its heading: `Placing an order`.
    pub heading: String,
    /// The questions with their answers, in Markdown.
    pub facts: Vec<(String, String)>,
    /// What is said besides, in Markdown.
    pub paragraphs: Vec<String>,
}

impl Crate {
    /// What the file of the first of these functions of which something is said says of it.
    pub(super) fn about(&self, functions: &[&Function]) -> Option<About> {
        functions.iter().find_map(|function| section(&self.file(&function.path)?.text, &function.name))
    }
}

fn section(text: &str, name: &str) -> Option<About> {
    let head = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let mut section = head.skip_while(|line| !is_of(line, name));
    let heading = section.next()?.trim_start_matches("# ").to_owned();
    let mut about = About { heading, facts: Vec::new(), paragraphs: Vec::new() };
    let mut paragraph = String::new();
    for line in section.take_while(|line| !line.starts_with("# ")).chain([""]) {
        if let Some(row) = line.strip_prefix('|') {
            let cells: Vec<&str> = row.trim_end_matches('|').split('|').map(str::trim).collect();
            if let [question, answer] = cells.as_slice() {
                about.facts.push(((*question).to_owned(), (*answer).to_owned()));
            }
        } else if line.is_empty() {
            about.paragraphs.extend(Some(std::mem::take(&mut paragraph)).filter(|text| !text.is_empty()));
        } else {
            paragraph.push_str(if paragraph.is_empty() { "" } else { " " });
            paragraph.push_str(line);
        }
    }
    // The heads of its columns, and the line below them.
    about.facts.drain(..about.facts.len().min(2));
    Some(about)
}

/// Whether a heading begins with the name of a function as a noun: `# Placing an order`, of `place`.
fn is_of(line: &str, name: &str) -> bool {
    let first = line.strip_prefix("# ").and_then(|heading| heading.split(' ').next());
    first.is_some_and(|first| first.to_lowercase() == format!("{}ing", name.trim_end_matches('e')))
}

#[cfg(test)]
mod tests {
    use super::section;
    use crate::compare::library::tests::embedded;
    use crate::compare::source::Kind;

    const HEAD: &str = "//! Orders.\n//!\n//! # Placing an order\n//!\n//! | question | answer |\n//! | --- | --- |\n\
        //! | what is it | `BEGIN`, and more |\n//!\n//! Not done:\n//! nothing.\n//!\n//! The end.\n//! # Other\n//! No.\n\nuse a;";

    #[test]
    fn a_section_is_of_the_function_that_it_is_named_after() {
        let about = section(HEAD, "place").unwrap();
        assert_eq!(about.heading, "Placing an order");
        assert_eq!(about.facts, [("what is it".to_owned(), "`BEGIN`, and more".to_owned())]);
        assert_eq!(about.paragraphs, ["Not done: nothing.", "The end."]);
        assert!(section(HEAD, "update").is_none() && section("fn place() {}", "place").is_none());
    }

    /// The stores answer the same questions in the same order, or they could not be read beside each other.
    #[test]
    fn every_store_says_how_it_places_an_order() {
        let library = embedded();
        for store in library.of_kind(Kind::Store) {
            let place: Vec<_> = store.side.functions.iter().filter(|one| one.operation() == "orders::place").collect();
            let about = store.about(&place).unwrap_or_else(|| panic!("{}", store.side.name));
            let questions: Vec<&str> = about.facts.iter().map(|(question, _)| question.as_str()).collect();
            let asked = ["what is atomic", "by what means", "what a crash in the middle leaves", "what it costs"];
            assert!(questions.starts_with(&asked), "{}: {questions:?}", store.side.name);
            assert!(about.facts.iter().all(|(_, answer)| answer.len() > 20), "{}: {about:?}", store.side.name);
        }
    }
}
