//! Sentences with `code` in them, as the contract and the problems write them, cut up for a template.

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub text: String,
    pub is_code: bool,
}

/// A text whose backticks have become spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prose {
    pub spans: Vec<Span>,
}

impl Prose {
    /// Cuts a text at its backticks. One without its partner stays what it is.
    pub(crate) fn new(text: &str) -> Self {
        let parts: Vec<&str> = text.trim().split('`').collect();
        let last = parts.len() - 1;
        let mut spans = Vec::new();
        for (place, part) in parts.into_iter().enumerate() {
            let is_code = place % 2 == 1 && place < last;
            let text = if place % 2 == 1 && !is_code { format!("`{part}") } else { part.to_owned() };
            if !text.is_empty() {
                spans.push(Span { text, is_code });
            }
        }
        Self { spans }
    }
}

#[cfg(test)]
mod tests {
    use super::Prose;

    #[test]
    fn backticks_become_code_and_a_lonely_one_stays() {
        let shown = |text: &str| {
            let spans = Prose::new(text).spans;
            spans.iter().map(|span| if span.is_code { format!("[{}]", span.text) } else { span.text.clone() }).collect()
        };
        let cases: [(&str, &str); 4] =
            [("a `b` c", "a [b] c"), ("`b`: <i>", "[b]: <i>"), ("it`s", "it`s"), ("`a` `b", "[a] `b")];
        for (text, expected) in cases {
            let shown: String = shown(text);
            assert_eq!(shown, expected);
        }
    }
}
