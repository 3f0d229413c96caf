//! What the heads of the files say of the functions that are shown, above their code: the answers to a question beside each
//! other.

use super::cells::CellView;
use super::comparison::{push_row, put};
use crate::compare::about::About;
use crate::compare::columns::{Column, Columns};
use crate::tester::prose::Prose;

/// A row for each question, and one for the rest.
pub(super) fn facts(columns: &Columns<'_>) -> Vec<Vec<CellView>> {
    let mut rows = Vec::new();
    let count = columns.columns.len();
    let abouts: Vec<(usize, &About)> = columns
        .columns
        .iter()
        .enumerate()
        .filter_map(|(index, column)| Some((index, column.about.as_ref()?)))
        .collect();
    for question in questions(&columns.columns) {
        let row = push_row(&mut rows, count);
        for (index, about) in &abouts {
            let answer = about.facts.iter().find(|(asked, _)| *asked == question).map(|(_, answer)| answer);
            if let Some(answer) = answer {
                put(row, *index, CellView::Fact { question: question.clone(), answer: Prose::new(answer) });
            }
        }
    }
    if abouts.iter().any(|(_, about)| !about.paragraphs.is_empty()) {
        let row = push_row(&mut rows, count);
        for (index, about) in abouts.iter().filter(|(_, about)| !about.paragraphs.is_empty()) {
            let paragraphs = about.paragraphs.iter().map(|text| Prose::new(&text.replace(['[', ']'], ""))).collect();
            put(row, *index, CellView::More { heading: about.heading.clone(), paragraphs });
        }
    }
    rows
}

/// Every question that is answered anywhere, once; one that only some answer, after the one that it follows there.
fn questions(columns: &[Column<'_>]) -> Vec<String> {
    let mut questions: Vec<String> = Vec::new();
    for about in columns.iter().filter_map(|column| column.about.as_ref()) {
        let mut after = 0;
        for (question, _) in &about.facts {
            let place = questions.iter().position(|known| known == question);
            if place.is_none() {
                questions.insert(after, question.clone());
            }
            after = place.unwrap_or(after) + 1;
        }
    }
    questions
}
