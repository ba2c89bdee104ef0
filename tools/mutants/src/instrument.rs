//! One source file with all of its mutants in it. Text is only inserted around what is there, and every line that belongs
//! to a mutant names it, so that a compiler error says which mutant is to blame.

use crate::Result;
use crate::list::{Genre, Mutant, Place};
use proc_macro2::Span;
use std::ops::Range;
use syn::{ExprBinary, ExprUnary, Item, Stmt, spanned::Spanned, visit::Visit};

/// The module that the copy of the crate gets: the number of the mutant that is on, 0 for none.
pub const SWITCH: &str = "//! Which mutant is on.\n\
    static ACTIVE: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| {\n    \
        std::env::var(\"MUTANT\").map_or(0, |id| id.parse().expect(\"MUTANT is a number\"))\n\
    });\n\
    #[inline]\npub(crate) fn active() -> usize {\n    *ACTIVE\n}\n";

/// The mark of mutant `id` on each of its lines.
fn mark(id: usize) -> String {
    format!("/*mutant {id}*/")
}

/// The mutants that a line of instrumented source belongs to.
pub fn marked(line: &str) -> impl Iterator<Item = usize> {
    line.split("/*mutant ").skip(1).filter_map(|rest| rest.split("*/").next()?.parse().ok())
}

/// `source` with `mutants`, all of this file, each behind the switch.
pub fn instrument(source: &str, mutants: &[&Mutant]) -> Result<String> {
    let mut edits = Edits { source, mutants, opening: Vec::new(), closing: Vec::new(), placed: 0 };
    for mutant in mutants.iter().filter(|mutant| mutant.genre == Genre::FnValue) {
        edits.replace_value(mutant);
    }
    edits.visit_file(&syn::parse_file(source)?);
    if edits.placed != mutants.len() {
        return Err(format!("{} of {} mutants have no place", mutants.len() - edits.placed, mutants.len()).into());
    }
    Ok(edits.apply())
}

/// The byte of a place.
fn offset(source: &str, place: Place) -> usize {
    let line_start: usize = source.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let line = &source[line_start..];
    line_start + line.char_indices().nth(place.column - 1).map_or(line.len(), |(byte, _)| byte)
}

/// The insertions, and replacements of operators, of one file.
struct Edits<'a> {
    source: &'a str,
    mutants: &'a [&'a Mutant],
    /// Outer expressions come before inner ones.
    opening: Vec<(Range<usize>, String)>,
    /// Behind an expression; here the inner one must come first.
    closing: Vec<(usize, String)>,
    placed: usize,
}

impl<'a> Edits<'a> {
    fn open(&mut self, replaced: Range<usize>, text: String) {
        self.opening.push((replaced, text));
    }

    /// A function that returns early; or, since `impl Iterator` can be one type only, one that returns no items.
    fn replace_value(&mut self, mutant: &Mutant) {
        let (start, end) = (offset(self.source, mutant.span.start), offset(self.source, mutant.span.end));
        let (id, value) = (mutant.id, &mutant.replacement);
        if value == "::std::iter::empty()" {
            let nothing = format!("\n.filter(|_| crate::mutant::active() != {id}) {}\n", mark(id));
            self.closing.push((end, nothing));
        } else {
            let early = format!("if crate::mutant::active() == {id} {{ return {value}; }} {}\n", mark(id));
            self.open(start..start, early);
        }
        self.placed += 1;
    }

    /// The mutants of the operator at `span`, as numbers and new operators.
    fn at(&mut self, span: Span) -> Vec<(usize, &'a str)> {
        let place = Place { line: span.start().line, column: span.start().column + 1 };
        let here = self.mutants.iter().filter(|m| m.genre != Genre::FnValue && m.span.start == place);
        let here: Vec<_> = here.map(|mutant| (mutant.id, mutant.replacement.as_str())).collect();
        self.placed += here.len();
        here
    }

    fn apply(self) -> String {
        let closing = self.closing.into_iter().rev().map(|(at, text)| (at..at, text));
        let mut all: Vec<_> = closing.chain(self.opening).collect();
        all.sort_by_key(|(range, _)| range.start);
        let (mut out, mut done) = (String::new(), 0);
        for (range, text) in all {
            out += &self.source[done..range.start];
            out += &text;
            done = range.end;
        }
        out + &self.source[done..]
    }
}

/// How an operator takes its operands when they are evaluated before the switch: before each of them, and where used.
fn operand_passing(operator: &str) -> [&'static str; 3] {
    match operator {
        "==" | "!=" | "<" | "<=" | ">" | ">=" => ["&", "&", "*"],
        assigning if assigning.ends_with('=') => ["&mut ", "", "*"],
        _ => ["", "", ""],
    }
}

impl<'ast> Visit<'ast> for Edits<'_> {
    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        let here = self.at(binary.op.span());
        if !here.is_empty() {
            let [left, operator, right] =
                [binary.left.span(), binary.op.span(), binary.right.span()].map(|span| span.byte_range());
            let (start, between, end) = (left.start, left.end..right.start, right.end);
            let (before, middle, after) = match &self.source[operator] {
                lazy @ ("&&" | "||") => lazily(lazy, here[0].0),
                operator => eagerly(operator, &here),
            };
            self.open(start..start, before);
            self.open(between, middle);
            self.closing.push((end, after));
        }
        syn::visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        if let [(id, _)] = self.at(unary.op.span())[..] {
            let (operator, operand) = (unary.op.span().byte_range(), (*unary.expr).span().byte_range());
            let text = &self.source[operator.clone()];
            let switch = format!("if crate::mutant::active() == {id} {{ operand }} else {{ {text}operand }}");
            self.closing.push((operand.end, format!(") {{ operand =>\n{switch} {}\n}})", mark(id))));
            self.open(operator.start..operand.start, "(match (".into());
        }
        syn::visit::visit_expr_unary(self, unary);
    }

    /// A constant of a function that has mutants becomes a variable.
    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let before = self.placed;
        syn::visit::visit_stmt(self, statement);
        if let Stmt::Item(Item::Const(constant)) = statement
            && self.placed > before
        {
            self.open(constant.const_token.span.byte_range(), "let".into());
        }
    }
}

/// && and || exchanged, with the right operand evaluated only where it would be.
fn lazily(operator: &str, id: usize) -> (String, String, String) {
    let goes_on = if operator == "&&" { "!=" } else { "==" };
    let middle = format!(");\nif left_operand {goes_on} (crate::mutant::active() == {id}) {} {{ (", mark(id));
    ("({ let left_operand = (".into(), middle, ") } else { left_operand } })".into())
}

/// Both operands, then the operator that is on.
fn eagerly(operator: &str, mutants: &[(usize, &str)]) -> (String, String, String) {
    let [pass_left, pass_right, used] = operand_passing(operator);
    // An assigned operand is used by value.
    let used_right = if pass_right.is_empty() { "" } else { used };
    let apply = |operator: &str| format!("{used}left_operand {operator} {used_right}right_operand");
    let marks: String = mutants.iter().map(|&(id, _)| mark(id)).collect();
    let none: Vec<_> = mutants.iter().map(|(id, _)| format!("id != {id}")).collect();
    let arms: String = mutants.iter().map(|&(id, new)| format!("{id} => {}, {}\n", apply(new), mark(id))).collect();
    let after = format!(
        ")) {{ (left_operand, right_operand) =>\nmatch crate::mutant::active() {{ id if {} => {}, {marks}\n{arms}_ => unreachable!() }} }})",
        none.join(" && "),
        apply(operator),
    );
    (format!("(match ({pass_left}("), format!("), {pass_right}("), after)
}
