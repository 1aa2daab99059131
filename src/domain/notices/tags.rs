//! Where the braces of a template are: for faults with lines, and for line ends that stay.

/// One tag of a template.
pub(super) struct TagSpan {
    /// The first byte, `{`.
    pub start: usize,
    /// The byte after the last, `}`.
    pub end: usize,
    /// What the tag is for.
    pub kind: TagKind,
}

/// What a tag is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TagKind {
    /// `{{ … }}`
    Print,
    /// `{% … %}`
    Ask,
    /// `{# … #}`
    Remark,
}

/// A call with a quoted first argument.
pub(super) struct Call<'a> {
    /// The first byte of the function's name.
    pub at: usize,
    /// The function.
    pub function: &'a str,
    /// The argument without its quotes.
    pub argument: &'a str,
}

/// Every tag, in order.
pub(super) fn tags(source: &str) -> Vec<TagSpan> {
    let mut tags = Vec::new();
    let mut from = 0;
    while let Some(start) = source[from..].find('{').map(|at| from + at) {
        let (kind, close) = match source.as_bytes().get(start + 1) {
            Some(b'{') => (TagKind::Print, "}}"),
            Some(b'%') => (TagKind::Ask, "%}"),
            Some(b'#') => (TagKind::Remark, "#}"),
            _ => {
                from = start + 1;
                continue;
            }
        };
        let inside = start + 2;
        let end = source[inside..].find(close).map_or(source.len(), |at| inside + at + close.len());
        tags.push(TagSpan { start, end, kind });
        from = end;
    }
    tags
}

/// Every call with a quoted first argument, in branches that no sample reaches too. Remarks and the text are passed over.
pub(super) fn calls(source: &str) -> Vec<Call<'_>> {
    let spoken = tags(source).into_iter().filter(|tag| tag.kind != TagKind::Remark);
    spoken.flat_map(|tag| calls_in(source, &tag)).collect()
}

fn calls_in<'a>(source: &'a str, tag: &TagSpan) -> Vec<Call<'a>> {
    let mut calls = Vec::new();
    for (at, _) in source[tag.start..tag.end].match_indices('(') {
        let before = source[tag.start..tag.start + at].trim_end();
        let name_len = before.bytes().rev().take_while(|byte| is_name(*byte)).count();
        let function = &before[before.len() - name_len..];
        let after = source[tag.start + at + 1..tag.end].trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
        let Some((argument, _)) = after[1..].split_once(quote) else { continue };
        calls.push(Call { at: tag.start + before.len() - name_len, function, argument });
    }
    calls
}

/// The line on which a name stands as a word of its own inside a tag.
pub(super) fn line_of_name(source: &str, name: &str) -> Option<usize> {
    let spoken = tags(source).into_iter().filter(|tag| tag.kind != TagKind::Remark);
    spoken.into_iter().find_map(|tag| {
        let inside = &source[tag.start..tag.end];
        let is_whole = |at: &usize| {
            let (before, after) = (&inside.as_bytes()[..*at], &inside.as_bytes()[at + name.len()..]);
            !before.last().copied().is_some_and(is_name) && !after.first().copied().is_some_and(is_name)
        };
        let at = inside.match_indices(name).map(|(at, _)| at).find(is_whole)?;
        Some(line_at(source, tag.start + at))
    })
}

/// The line of a byte of the source, from 1.
pub(super) fn line_at(source: &str, at: usize) -> usize {
    source.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The source with an empty print after each tag that closes a line of text.
///
/// The template language drops the line end after a tag. That is wanted after a line of tags alone. After a
/// line with words it would join the next line to them, and so put one field's label into another field's value.
pub(super) fn with_line_ends(source: &str) -> String {
    let tags = tags(source);
    let mut out = String::with_capacity(source.len());
    let mut copied = 0;
    for (index, tag) in tags.iter().enumerate() {
        let closes_line = source[tag.end..].starts_with('\n') || source[tag.end..].starts_with("\r\n");
        if tag.kind != TagKind::Print && closes_line && has_words_before(source, &tags[..=index]) {
            out.push_str(&source[copied..tag.end]);
            out.push_str("{{ \"\" }}");
            copied = tag.end;
        }
    }
    out.push_str(&source[copied..]);
    out
}

/// Whether the line that the last of these tags closes holds anything but tags that print nothing.
fn has_words_before(source: &str, tags: &[TagSpan]) -> bool {
    let mut at = tags.last().map_or(0, |tag| tag.end);
    for tag in tags.iter().rev() {
        let between = &source[tag.end..at];
        match between.rsplit_once('\n') {
            Some((_, line)) => return !line.trim().is_empty(),
            None if !between.trim().is_empty() || tag.kind == TagKind::Print => return true,
            None => at = tag.start,
        }
    }
    let line = source[..at].rsplit_once('\n').map_or(&source[..at], |(_, line)| line);
    !line.trim().is_empty()
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_with_words_keep_their_line_ends() {
        for (source, expected) in [
            ("{% if a %}\nx\n{% endif %}\n", "{% if a %}\nx\n{% endif %}\n"),
            ("x{% if a %}y{% endif %}\nz", "x{% if a %}y{% endif %}{{ \"\" }}\nz"),
            ("x {# remark #}\nz", "x {# remark #}{{ \"\" }}\nz"),
            ("  {% if a %}{# why #}\nz", "  {% if a %}{# why #}\nz"),
            ("{% if a\n and b %}\nz", "{% if a\n and b %}\nz"),
            ("{{ a }}{% if b %}\r\nz", "{{ a }}{% if b %}{{ \"\" }}\r\nz"),
            ("{% if a %}x{% if b %}\nz", "{% if a %}x{% if b %}{{ \"\" }}\nz"),
            ("{{ a }}\n{% if b %}\nz", "{{ a }}\n{% if b %}\nz"),
        ] {
            assert_eq!(with_line_ends(source), expected);
        }
    }

    #[test]
    fn a_name_is_found_in_tags_only_and_whole() {
        let source = "due\n{# due #}\n{{ overdue }}\n{{ due }}";
        assert_eq!(line_of_name(source, "due"), Some(4));
        assert_eq!(line_of_name(source, "incident"), None);
    }

    #[test]
    fn an_open_tag_ends_with_the_template() {
        assert_eq!(tags("é{{ é").len(), 1);
        assert_eq!(calls("{{ say('é").len(), 0);
    }
}
