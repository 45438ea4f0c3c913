//! What people see of a file: a secret that stands in it in clear is not repeated by the mistake that says so.

use std::borrow::Cow;
use std::ops::Range;

use super::{Source, SourceMap, Span};

/// What stands where a secret stood: as long for every secret.
const MASK: &str = "(secret)";

/// The text of a file as people see it.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// The text with a mask in place of each secret; every line keeps its number.
    pub text: Cow<'a, str>,
    source: &'a Source,
}

impl SourceMap {
    /// Conceals a place from all who look at the file later.
    pub fn conceal(&mut self, span: Span) {
        let Some(source) = self.sources.get_mut(span.source.0 as usize) else {
            return;
        };
        let mut whole = span.start..span.end;
        source.concealed.retain(|other| {
            let apart = other.end < whole.start || other.start > whole.end;
            if !apart {
                whole = whole.start.min(other.start)..whole.end.max(other.end);
            }
            apart
        });
        let at = source
            .concealed
            .partition_point(|other| other.start < whole.start);
        source.concealed.insert(at, whole);
    }
}

impl Source {
    /// Returns the text as people see it.
    #[must_use]
    pub fn shown(&self) -> Shown<'_> {
        if self.concealed.is_empty() {
            let text = Cow::Borrowed(&*self.text);
            return Shown { text, source: self };
        }
        let mut text = String::with_capacity(self.text.len());
        let mut at = 0;
        for secret in &self.concealed {
            text += self.text.get(at..secret.start as usize).unwrap_or_default();
            text += &self.mask(secret);
            at = secret.end as usize;
        }
        text += self.text.get(at..).unwrap_or_default();
        let text = Cow::Owned(text);
        Shown { text, source: self }
    }

    /// Returns what stands in place of a secret: as many lines as it has.
    fn mask(&self, secret: &Range<u32>) -> String {
        let text = self.text.get(secret.start as usize..secret.end as usize);
        let breaks = text.unwrap_or_default().matches('\n').count();
        MASK.to_owned() + &"\n".repeat(breaks)
    }
}

impl Shown<'_> {
    /// Returns where the bytes of a place in the file are in the shown text; a place in a secret is all of its mask.
    #[must_use]
    pub fn place(&self, span: Span) -> Range<usize> {
        let end = self.at(span.end, |start, mask| start + mask);
        self.at(span.start, |start, _| start).min(end)..end
    }

    /// Returns where a byte is; `inside` says it for one in a mask, from the start and the length of that.
    fn at(&self, byte: u32, inside: impl Fn(usize, usize) -> usize) -> usize {
        let (mut from, mut to) = (0, 0);
        for secret in &self.source.concealed {
            if byte <= secret.start {
                break;
            }
            let start = to + secret.start as usize - from;
            let mask = self.source.mask(secret).len();
            if byte < secret.end {
                return inside(start, mask);
            }
            (from, to) = (secret.end as usize, start + mask);
        }
        (to + byte as usize - from).min(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32) -> Span {
        Span {
            start,
            end,
            ..Span::default()
        }
    }

    #[test]
    fn a_secret_is_masked_and_all_other_places_keep_their_text() {
        let mut sources = SourceMap::default();
        let text = "a = <<E\nhunter2\nE\nb = \"x\" # c\n";
        let id = sources.add("stack.hcl", text);
        sources.conceal(span(4, 17));
        sources.conceal(span(22, 25));
        let shown = sources.get(id).expect("the file").shown();
        assert_eq!(shown.text, "a = (secret)\n\n\nb = (secret) # c\n");
        let cut = |start, end| &shown.text[shown.place(span(start, end))];
        assert_eq!(cut(0, 1), "a");
        assert_eq!(cut(18, 19), "b");
        assert_eq!(cut(22, 25), "(secret)");
        assert_eq!(cut(23, 24), "(secret)");
        assert_eq!(cut(26, 29), "# c");
        assert_eq!(cut(0, 99).len(), shown.text.len());
    }

    #[test]
    fn places_that_overlap_are_one() {
        let mut sources = SourceMap::default();
        let id = sources.add("stack.hcl", "0123456789");
        sources.conceal(span(2, 5));
        sources.conceal(span(6, 8));
        sources.conceal(span(4, 7));
        assert_eq!(sources.get(id).expect("the file").shown().text, "01(secret)89");
    }
}
