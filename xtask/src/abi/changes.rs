//! What changed between two releases of the interface, and whether programs notice.

use std::fmt;

use super::{Abi, describe};

/// Differences, in words.
pub(super) struct Changes {
    /// Programs built with the old header misbehave, or do not build or start.
    pub(super) broken: Vec<String>,
    /// Only who knows of it can use it.
    pub(super) added: Vec<String>,
}

impl Changes {
    pub(super) fn between(old: &Abi, new: &Abi) -> Self {
        let (mut broken, mut added) = (Vec::new(), Vec::new());
        for (name, was) in old {
            match new.get(name) {
                None => broken.push(format!("gone: {name} = {was}")),
                Some(is) if is == was || name == describe::NUMBER => {}
                Some(is) if grown(old, name, was, is) => added.push(format!("grown: {name} = {is}")),
                Some(is) => broken.push(format!("changed: {name} = {is}, was {was}")),
            }
        }
        for (name, is) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            let line = format!("new: {name} = {is}");
            if fits(old, name, is) { added.push(line) } else { broken.push(line) }
        }
        Self { broken, added }
    }
}

/// Whether that is a struct which says its size, and became larger.
fn grown(old: &Abi, name: &str, was: &str, is: &str) -> bool {
    let Some(record) = name.strip_prefix("struct ") else { return false };
    let size = |what| Some((number(what, "size ")?, number(what, "align ")?));
    let (Some((small, align)), Some((large, same))) = (size(was), size(is)) else { return false };
    sized(old, record) && large > small && align == same
}

/// Whether something new is in nobody's way: a field has to lie behind all that the struct had, padding included, since nobody
/// wrote there.
fn fits(old: &Abi, name: &str, is: &str) -> bool {
    let Some((record, _)) = name.strip_prefix("field ").and_then(|field| field.split_once('.')) else {
        return true;
    };
    let Some(was) = old.get(&format!("struct {record}")) else { return true };
    sized(old, record) && number(is, " at ") >= number(was, "size ")
}

/// Whether a struct begins with its own size.
fn sized(abi: &Abi, record: &str) -> bool {
    let first = abi.get(&format!("field {record}.struct_size"));
    first.is_some_and(|what| number(what, " at ") == Some(0))
}

/// The number behind a word.
fn number(what: &str, word: &str) -> Option<u64> {
    let rest = what.split_once(word)?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.broken.iter().chain(&self.added).try_for_each(|line| writeln!(f, "  {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "\
        constant HWENC_OK = 0\n\
        field hwenc_a.struct_size = size_t at 0, 8 bytes\n\
        field hwenc_a.n = uint32_t at 8, 4 bytes\n\
        field hwenc_b.n = uint32_t at 0, 4 bytes\n\
        function hwenc_f = int (hwenc_a *)\n\
        struct hwenc_a = size 16, align 8\n\
        struct hwenc_b = size 4, align 4\n\
        typedef hwenc_status = int32_t\n";

    fn against(text: &str) -> (usize, usize) {
        let changes = Changes::between(&super::super::read(OLD), &super::super::read(text));
        (changes.broken.len(), changes.added.len())
    }

    #[test]
    fn nothing_changed() {
        assert_eq!(against(OLD), (0, 0));
    }

    #[test]
    fn what_programs_use_stays_as_it_is() {
        for (from, to) in [
            ("HWENC_OK = 0", "HWENC_OK = 1"),
            ("hwenc_f = int (hwenc_a *)", "hwenc_f = int (hwenc_a *, int)"),
            ("hwenc_a.n = uint32_t at 8", "hwenc_a.n = uint32_t at 12"),
            ("hwenc_status = int32_t", "hwenc_status = int64_t"),
            ("hwenc_b = size 4", "hwenc_b = size 8"),
            ("hwenc_a = size 16", "hwenc_a = size 8"),
            ("size 16, align 8", "size 32, align 16"),
        ] {
            assert_eq!(against(&OLD.replace(from, to)), (1, 0), "{to}");
        }
        assert_eq!(against(&OLD.replace("constant HWENC_OK = 0\n", "")), (1, 0));
        assert_eq!(against(&OLD.replace("function hwenc_f", "function hwenc_g")), (1, 1));
    }

    #[test]
    fn a_struct_that_says_its_size_grows_at_its_end() {
        let grown = OLD.replace("hwenc_a = size 16", "hwenc_a = size 24");
        assert_eq!(against(&(grown.clone() + "field hwenc_a.m = uint64_t at 16, 8 bytes\n")), (0, 2));
        assert_eq!(against(&(grown + "field hwenc_a.m = uint32_t at 12, 4 bytes\n")), (1, 1));
        assert_eq!(against(&(OLD.to_owned() + "field hwenc_b.m = uint64_t at 16, 8 bytes\n")), (1, 0));
    }

    #[test]
    fn a_new_function_or_constant_is_in_nobodys_way() {
        assert_eq!(
            against(&(OLD.to_owned() + "function hwenc_g = int (void)\nconstant HWENC_X = 3\n")),
            (0, 2)
        );
    }
}
