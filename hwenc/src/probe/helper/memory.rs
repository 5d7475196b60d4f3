//! How much memory a process takes (proc_pid_status(5)).

use std::fs;

/// Bytes that are its own: private, shared with nobody's file, or swapped out. Libraries do not count.
pub(super) fn used(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    sum(&status, &["RssAnon:", "RssShmem:", "VmSwap:"])
}

/// Bytes that this process reserved for data, used or not: what RLIMIT_DATA counts.
pub(super) fn reserved() -> Option<u64> {
    sum(&fs::read_to_string("/proc/self/status").ok()?, &["VmData:"])
}

/// None where it has none of them: the process is ending.
fn sum(status: &str, names: &[&str]) -> Option<u64> {
    let values = status.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let name = words.next()?;
        names.contains(&name).then(|| words.next()?.parse::<u64>().ok()).flatten()
    });
    let values: Vec<u64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<u64>() << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_counted() {
        let me = std::process::id() as i32;
        let (used_before, reserved_before) = (used(me).unwrap(), reserved().unwrap());
        let taken = std::hint::black_box(vec![1_u8; 256 << 20]);
        assert!(used(me).unwrap() >= used_before + (200 << 20));
        assert!(reserved().unwrap() >= reserved_before + (200 << 20));
        drop(taken);
    }

    #[test]
    fn kilobytes_are_added_up() {
        let status = "Name:\tVmSwap: x\nRssAnon:\t     12 kB\nRssFile:\t 5 kB\nVmSwap:\t 3 kB\n";
        assert_eq!(sum(status, &["RssAnon:", "VmSwap:"]), Some(15 << 10));
        assert_eq!(sum("Name:\tx\nState:\tZ (zombie)\n", &["RssAnon:"]), None);
    }
}
