//! Fault rules: `ENTRY=ACTION[@WHEN]`.
//!
//! ENTRY is one of [`crate::entry`]; ACTION is a status of that entry's API, or what [`Action`] lists; WHEN is `N` (the
//! N-th call, from 1), `N+` (from the N-th on), `/M` (every M-th), or nothing (every call).

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::entry::{Drm, Va};
use crate::names;

/// What happens instead of, or beside, the work of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The entry does nothing and returns this: its name and its number.
    Status(String, i32),
    /// It never returns.
    Hang,
    /// It kills the process by a bad access.
    Segv,
    /// It aborts the process.
    Abort,
    /// It takes so many milliseconds longer.
    Slow(u64),
    /// The coded picture ends in the middle.
    Truncate,
    /// Another picture is coded or decoded than the one asked for.
    Wrong,
    /// A green picture is coded instead: all samples are zero.
    Green,
    /// The coded picture says that decoding cannot begin at it, where it can.
    PFirst,
    /// The device is gone from then on: every entry fails.
    Lost,
    /// It takes 64 MiB of memory and never gives them back.
    Eat,
}

/// On which calls a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// On every call.
    Always,
    /// On this call alone, counted from 1.
    At(u64),
    /// On this call and all later ones.
    From(u64),
    /// On every so-many-th call.
    Every(u64),
}

impl When {
    /// Whether it holds for this call, counted from 1.
    pub fn holds(self, call: u64) -> bool {
        match self {
            When::Always => true,
            When::At(at) => call == at,
            When::From(from) => call >= from,
            When::Every(every) => call.is_multiple_of(every),
        }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    /// Name of the entry.
    pub entry: String,
    /// What happens.
    pub action: Action,
    /// When.
    pub when: When,
}

/// A rule that cannot be read, and what is legal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseError {}

/// What `drm.*` entries fail with: Linux's `errno` of `asm-generic/errno-base.h` and `errno.h`.
pub const ERRNO: names::Names<i32> = &[
    ("EPERM", 1),
    ("ENOENT", 2),
    ("EINTR", 4),
    ("EIO", 5),
    ("ENXIO", 6),
    ("EBADF", 9),
    ("EAGAIN", 11),
    ("ENOMEM", 12),
    ("EACCES", 13),
    ("EFAULT", 14),
    ("EBUSY", 16),
    ("ENODEV", 19),
    ("EINVAL", 22),
    ("ENFILE", 23),
    ("EMFILE", 24),
    ("ENOTTY", 25),
    ("ENOSPC", 28),
    ("EROFS", 30),
    ("EOPNOTSUPP", 95),
];

const ACTIONS: &str = "hang, segv, abort, slow:MS, truncate, wrong, green, p-first, lost, eat";

impl FromStr for Rule {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let fail = |what: String| ParseError(format!("fault `{text}`: {what}"));
        let (entry, rest) =
            text.split_once('=').ok_or_else(|| fail("a rule is ENTRY=ACTION[@WHEN]".to_owned()))?;
        let statuses = if Va::NAMES.contains(&entry) {
            names::STATUS
        } else if Drm::NAMES.contains(&entry) {
            ERRNO
        } else {
            let all = [Va::NAMES, Drm::NAMES].concat().join(", ");
            return Err(fail(format!("there is no entry `{entry}`; there are {all}")));
        };
        let (action, when) = match rest.split_once('@') {
            Some((action, when)) => (action, Some(when)),
            None => (rest, None),
        };
        let when = match when {
            None => When::Always,
            Some(when) => parse_when(when)
                .ok_or_else(|| fail(format!("`@{when}` is not @N, @N+ or @/M with a number from 1")))?,
        };
        let action = match action.split_once(':') {
            Some(("slow", ms)) => {
                Action::Slow(ms.parse().map_err(|_| fail(format!("`{ms}` is not a number of milliseconds")))?)
            }
            _ => match action {
                "hang" => Action::Hang,
                "segv" => Action::Segv,
                "abort" => Action::Abort,
                "truncate" => Action::Truncate,
                "wrong" => Action::Wrong,
                "green" => Action::Green,
                "p-first" => Action::PFirst,
                "lost" => Action::Lost,
                "eat" => Action::Eat,
                _ => match names::number(statuses, action) {
                    Some(number) => Action::Status(action.to_owned(), number),
                    None => {
                        let list = names::list(statuses);
                        return Err(fail(format!(
                            "there is no action `{action}`; there are {ACTIONS}, {list}"
                        )));
                    }
                },
            },
        };
        let about_a_picture =
            matches!(action, Action::Truncate | Action::Wrong | Action::Green | Action::PFirst);
        if about_a_picture && entry != Va::EndPicture.name() {
            let text = "truncate, wrong, green and p-first are about a picture: only at va.EndPicture";
            return Err(fail(text.to_owned()));
        }
        Ok(Self { entry: entry.to_owned(), action, when })
    }
}

fn parse_when(text: &str) -> Option<When> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0);
    if let Some(every) = text.strip_prefix('/') {
        return number(every).map(When::Every);
    }
    match text.strip_suffix('+') {
        Some(from) => number(from).map(When::From),
        None => number(text).map(When::At),
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.entry)?;
        match &self.action {
            Action::Status(name, _) => f.write_str(name)?,
            Action::Hang => f.write_str("hang")?,
            Action::Segv => f.write_str("segv")?,
            Action::Abort => f.write_str("abort")?,
            Action::Slow(ms) => write!(f, "slow:{ms}")?,
            Action::Truncate => f.write_str("truncate")?,
            Action::Wrong => f.write_str("wrong")?,
            Action::Green => f.write_str("green")?,
            Action::PFirst => f.write_str("p-first")?,
            Action::Lost => f.write_str("lost")?,
            Action::Eat => f.write_str("eat")?,
        }
        match self.when {
            When::Always => Ok(()),
            When::At(at) => write!(f, "@{at}"),
            When::From(from) => write!(f, "@{from}+"),
            When::Every(every) => write!(f, "@/{every}"),
        }
    }
}

impl TryFrom<String> for Rule {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

/// Rules at work: they count the calls that they are about.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<(Rule, AtomicU64, AtomicU64)>,
    lost: AtomicBool,
}

impl Faults {
    /// Rules that have seen no call yet.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let rules = rules.into_iter().map(|rule| (rule, AtomicU64::new(0), AtomicU64::new(0))).collect();
        Self { rules, lost: AtomicBool::new(false) }
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Counts a call of an entry, and gives what shall happen, in the order of the rules.
    pub fn on(&self, entry: &str) -> Vec<Action> {
        let mut actions = Vec::new();
        for (rule, calls, hits) in &self.rules {
            if rule.entry == entry && rule.when.holds(calls.fetch_add(1, Ordering::Relaxed) + 1) {
                hits.fetch_add(1, Ordering::Relaxed);
                if rule.action == Action::Lost {
                    self.lost.store(true, Ordering::Relaxed);
                }
                actions.push(rule.action.clone());
            }
        }
        actions
    }

    /// Whether a rule took the device away.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Each rule with the number of calls that it changed.
    pub fn hits(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        self.rules.iter().map(|(rule, _, hits)| (rule.to_string(), hits.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn rules_are_read_and_written_alike() {
        for text in [
            "va.EndPicture=OPERATION_FAILED@30",
            "va.Initialize=UNKNOWN",
            "va.CreateSurfaces2=hang@2+",
            "va.SyncBuffer=slow:250@/3",
            "va.EndPicture=truncate@5",
            "va.EndPicture=wrong",
            "va.EndPicture=green@2",
            "va.EndPicture=p-first@1",
            "va.MapBuffer=lost@7",
            "va.CreateBuffer=eat@/10",
            "va.RenderPicture=segv",
            "va.DestroyContext=abort",
            "drm.open=EACCES",
            "drm.ioctl=EIO@1+",
        ] {
            assert_eq!(rule(text).to_string(), text);
        }
        assert_eq!(
            rule("va.EndPicture=ENCODING_ERROR").action,
            Action::Status("ENCODING_ERROR".to_owned(), 0x18)
        );
        assert_eq!(rule("drm.open=EACCES").action, Action::Status("EACCES".to_owned(), 13));
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_legal() {
        for (text, says) in [
            ("va.EndPicture", "ENTRY=ACTION[@WHEN]"),
            ("va.Encode=hang", "va.EndPicture"),
            ("EndPicture=hang", "va.EndPicture"),
            ("va.EndPicture=explode", "ENCODING_ERROR"),
            ("va.EndPicture=explode", "slow:MS"),
            ("drm.open=ENCODING_ERROR", "EACCES"),
            ("va.EndPicture=hang@0", "@N, @N+ or @/M"),
            ("va.EndPicture=hang@/x", "@N, @N+ or @/M"),
            ("va.EndPicture=slow:soon", "milliseconds"),
            ("va.EndPicture=slow", "slow:MS"),
            ("va.CreateConfig=truncate", "va.EndPicture"),
            ("va.CreateConfig=green", "va.EndPicture"),
            ("va.MapBuffer=p-first", "va.EndPicture"),
        ] {
            let error = text.parse::<Rule>().expect_err(text).to_string();
            assert!(error.contains(says) && error.contains(text), "{text}: {error}");
        }
    }

    #[test]
    fn calls_are_counted_per_rule() {
        let faults = Faults::new([
            rule("va.EndPicture=hang@2"),
            rule("va.EndPicture=abort@/3"),
            rule("va.MapBuffer=lost@2+"),
        ]);
        let on = |entry| faults.on(entry).len();
        assert_eq!([1, 2, 3, 4, 5, 6].map(|_| on("va.EndPicture")), [0, 1, 1, 0, 0, 1]);
        assert_eq!(on("va.BeginPicture"), 0);
        assert!(on("va.MapBuffer") == 0 && !faults.is_lost());
        assert!(on("va.MapBuffer") == 1 && faults.is_lost());
        let hits: Vec<u64> = faults.hits().map(|(_, hits)| hits).collect();
        assert_eq!(hits, [1, 2, 1]);
    }

    #[test]
    fn a_rule_is_a_string_in_json() {
        let rules = vec![rule("va.EndPicture=wrong@4+")];
        let text = serde_json::to_string(&rules).expect("written");
        assert_eq!(text, "[\"va.EndPicture=wrong@4+\"]");
        assert_eq!(serde_json::from_str::<Vec<Rule>>(&text).expect("read"), rules);
        assert!(serde_json::from_str::<Vec<Rule>>("[\"va.Nothing=hang\"]").is_err());
    }
}
