//! What a source file names, as the compiler reads it: macros included, without comments and without what is built for
//! tests alone.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Ident, LexError, Span, TokenStream, TokenTree};

/// What stands in a source file.
#[derive(Debug, Default)]
pub struct Code {
    pub names: Vec<Name>,
    /// What an import is called here, and what it is.
    imports: BTreeMap<String, String>,
}

/// A path, or a method or a field with a dot before it.
#[derive(Debug)]
pub struct Name {
    /// Imports followed: `tokio::time::sleep`, `std::thread::*`, `.send`.
    pub path: String,
    /// From 0.
    pub line: usize,
    pub how: How,
    /// In the body of a `loop`, `while` or `for`.
    pub is_in_loop: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Imported,
    Called,
    Mentioned,
}

impl Code {
    pub fn read(text: &str) -> Result<Self, LexError> {
        let mut code = Self::default();
        code.walk(text.parse()?, false);
        for name in &mut code.names {
            name.path = resolved(&code.imports, &name.path);
        }
        Ok(code)
    }

    fn walk(&mut self, tokens: TokenStream, is_in_loop: bool) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut before_body = false;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let behind = &tokens[at + 1..];
            at += match token {
                TokenTree::Punct(mark) if mark.as_char() == '#' => past_attribute(behind),
                // `use<'a>` stands in types.
                TokenTree::Ident(word)
                    if word == "use" && !behind.first().is_some_and(|next| is_mark(next, '<')) =>
                {
                    let end = behind.iter().position(|token| is_mark(token, ';'));
                    self.import(&behind[..end.unwrap_or(0)], "");
                    end.unwrap_or(0)
                }
                TokenTree::Ident(word) => {
                    // `in` stands before a body in `for` alone, `for` in `impl` too.
                    before_body |= ["loop", "while", "in"].iter().any(|keyword| word == keyword);
                    self.name(word, &tokens[..at], behind, is_in_loop)
                }
                TokenTree::Group(group) => {
                    let is_body = before_body && group.delimiter() == Delimiter::Brace;
                    before_body &= !is_body;
                    self.walk(group.stream(), is_in_loop || is_body);
                    0
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => 0,
            } + 1;
        }
    }

    /// Takes what is named from `first` on; returns how many of the tokens behind belong to it.
    fn name(&mut self, first: &Ident, before: &[TokenTree], behind: &[TokenTree], is_in_loop: bool) -> usize {
        let mut path = first.to_string();
        let mut length = 0;
        while let [colon, second, TokenTree::Ident(word), ..] = &behind[length..]
            && is_mark(colon, ':')
            && is_mark(second, ':')
        {
            path += &format!("::{word}");
            length += 3;
        }
        // Not behind `..`, which is a range.
        if let [.., other, dot] = before
            && is_mark(dot, '.')
            && !is_mark(other, '.')
        {
            path.insert(0, '.');
        }
        let how = match behind.get(length) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => How::Called,
            _ => How::Mentioned,
        };
        self.names.push(Name {
            path,
            line: line(first.span()),
            how,
            is_in_loop,
        });
        length
    }

    /// Takes the trees of a `use`, which stand behind `prefix`.
    fn import(&mut self, trees: &[TokenTree], prefix: &str) {
        for tree in trees.split(|token| is_mark(token, ',')) {
            let mut path = prefix.to_owned();
            let mut renamed = None;
            let mut tokens = tree.iter();
            while let Some(token) = tokens.next() {
                match token {
                    TokenTree::Ident(word) if word == "as" => {
                        renamed = tokens.next().map(ToString::to_string)
                    }
                    TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                    TokenTree::Ident(word) => {
                        path += &format!("{}{word}", if path.is_empty() { "" } else { "::" });
                    }
                    TokenTree::Punct(mark) if mark.as_char() == '*' => path += "::*",
                    TokenTree::Group(group) => {
                        self.import(&group.stream().into_iter().collect::<Vec<_>>(), &path);
                        path.clear();
                    }
                    _ => {}
                }
            }
            let Some(first) = tree.first().filter(|_| !path.is_empty()) else {
                continue;
            };
            let own = || path.rsplit("::").next().unwrap_or_default().to_owned();
            let called = renamed.unwrap_or_else(own);
            self.imports.insert(called, path.clone());
            self.names.push(Name {
                path,
                line: line(first.span()),
                how: How::Imported,
                is_in_loop: false,
            });
        }
    }
}

fn line(span: Span) -> usize {
    span.start().line - 1
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// How many of the tokens behind a `#` are its attribute, and the item with it where it is built for tests alone.
fn past_attribute(behind: &[TokenTree]) -> usize {
    let inner = usize::from(behind.first().is_some_and(|token| is_mark(token, '!')));
    let Some(TokenTree::Group(group)) = behind.get(inner) else {
        return 0;
    };
    let length = inner + 1;
    if group.stream().to_string().replace(' ', "") != "cfg(test)" {
        return length;
    }
    let ends = |token: &TokenTree| {
        is_mark(token, ';')
            || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
    };
    let item = behind[length..].iter().position(ends);
    length + item.map_or(0, |end| end + 1)
}

/// A path with its first part replaced by what was imported under that name, which may be imported itself.
fn resolved(imports: &BTreeMap<String, String>, path: &str) -> String {
    let mut path = path.to_owned();
    for _ in 0..4 {
        let (first, rest) = path.split_at(path.find("::").unwrap_or(path.len()));
        let Some(import) = imports.get(first).filter(|import| *import != first) else {
            break;
        };
        path = format!("{import}{rest}");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> String {
        let code = Code::read(text).unwrap();
        code.names
            .iter()
            .map(|name| name.path.clone())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn imports_are_followed() {
        assert_eq!(
            paths("use tokio::time; time::sleep(x)"),
            "tokio::time tokio::time::sleep x"
        );
        assert_eq!(paths("use tokio::{self as t}; t::time"), "tokio tokio::time");
        assert_eq!(
            paths("use a::{b::{c as d, *}, self}; d() a::e"),
            "a::b::c a::b::* a a::b::c a::e"
        );
        assert_eq!(paths("use a::b; use b::c; c::d"), "a::b a::b::c a::b::c::d");
        assert_eq!(paths("fn f() -> impl A + use<'_> { b() }"), "fn f impl A use _ b");
        assert_eq!(paths("use a as _; b.c().d; 0..e()"), "a b .c .d e");
    }

    #[test]
    fn macros_are_read_and_comments_attributes_and_tests_are_not() {
        assert_eq!(paths("m! { () = a::b() => {} }"), "m a::b");
        assert_eq!(paths("// a::b\n/// c::d\n#[e(f)]\ng"), "g");
        assert_eq!(paths("a; #[cfg(test)] mod b { c }"), "a");
        assert_eq!(paths("#[cfg(test)]\nuse a::{b, c};\nd"), "d");
    }

    #[test]
    fn a_call_is_known_to_stand_in_a_loop() {
        let looped = |text: &str| {
            let code = Code::read(text).unwrap();
            let call = code
                .names
                .iter()
                .find(|name| name.path.ends_with("call"))
                .unwrap();
            (call.how == How::Called, call.is_in_loop, call.line)
        };
        for text in [
            "loop {\n if a { call() } }",
            "while let Some(a) = b() {\n b.call() }",
            "m! { for a in b {\n c::call() } }",
        ] {
            assert_eq!(looped(text), (true, true, 1), "{text}");
        }
        assert_eq!(looped("for a in call() {}"), (true, false, 0));
        assert_eq!(looped("impl A for B { fn c() { d.call(); } }"), (true, false, 0));
        assert_eq!(looped("loop {} let a = B { call };"), (false, false, 0));
    }
}
