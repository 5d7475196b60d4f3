//! Sessions leave nothing behind: memory, threads and files stay as they are however many are opened and closed, to
//! the end or not. Alone in its process, so that what is counted is theirs.
//!
//! `HWENC_SOAK=1000` opens so many; a change waits for 120.

mod common;

use std::fs;

use common::pixels::Yuv;
use common::{CODECS, decide, finish, open, request};
use hwenc::{Latency, PixelFormat, Session};

const SIZE: (u32, u32) = (640, 360);
/// What the process may hold more at the end than after a quarter: half of what it were if the shortest run left a
/// picture of 345,600 bytes behind each time. x265 3.5, of Debian 12, loses up to 30 KB with an encoder by itself.
const MOST: usize = 16 << 20;

/// Resident bytes of this process (proc(5), `statm`).
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn entries(directory: &str) -> usize {
    fs::read_dir(directory).unwrap().count()
}

/// Every way in which a session ends.
fn live_and_die(n: usize, picture: &Yuv) {
    let codec = CODECS[n % 3];
    let want = request(codec, SIZE.0, SIZE.1).input(PixelFormat::I420);
    let send = |session: &mut Session| {
        session.send(&picture.picture(PixelFormat::I420)).unwrap();
        session.send(&picture.picture(PixelFormat::I420).idr()).unwrap();
    };
    match n / 3 % 4 {
        0 => {
            let (mut session, mut packets) = (open(&want), Vec::new());
            send(&mut session);
            finish(&mut session, &mut packets);
            assert_eq!(packets.len(), 2);
        }
        // In SVT-AV1 1.4 the second picture needs a new encoder.
        1 => send(&mut open(&want.latency(Latency::Low))),
        2 => drop(open(&want)),
        _ => {
            let refused = decide(&want.option("no-such-option", "1")).unwrap().open();
            assert!(refused.is_err());
        }
    }
}

#[test]
fn sessions_leave_nothing_behind() {
    let count =
        std::env::var("HWENC_SOAK").map_or(120, |n| n.parse::<usize>().expect("HWENC_SOAK is a number"));
    assert!(count >= 120, "every kind has to come twice before the first count");
    let picture = Yuv::moving(SIZE.0, SIZE.1, 8, 0);
    let counts = || [entries("/proc/self/task"), entries("/proc/self/fd")];
    let mut before = (0, [0, 0]);
    for n in 0..count {
        if n == count / 4 {
            before = (resident(), counts());
        }
        live_and_die(n, &picture);
    }
    assert_eq!(counts(), before.1, "threads and open files after {count} sessions");
    let more = resident().saturating_sub(before.0);
    assert!(more <= MOST, "{} KiB more after {count} sessions than after a quarter of them", more >> 10);
}
