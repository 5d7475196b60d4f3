//! Every function of the header with NULL and with garbage for every parameter: an error, never a crash, and nothing left behind.
//!
//! One test alone, because it counts the handles of the process and sets its environment.

#[path = "common/call.rs"]
mod call;
mod common;
#[path = "common/header.rs"]
#[allow(dead_code)] // it reads enums, too
mod header;
#[path = "common/table.rs"]
mod table;
#[path = "common/world.rs"]
mod world;

use std::ffi::c_char;
use std::ptr;
use std::sync::atomic::Ordering;

use common::*;
use hwenc_capi::hwenc_status_value::*;
use hwenc_capi::*;
use table::{Gives, Is, Kind, Row, Struct, table};
use world::{BEFORE, Memory, RELEASED, World, free, line, progress, word};

/// What must come of a call with one parameter wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Must {
    InvalidHandle,
    InvalidArgument,
    /// It is all right.
    Pass,
    /// Whatever comes, comes as a status.
    Survive,
}

/// A word for a parameter, and what must come of it.
#[derive(Clone, Copy, Debug)]
struct Bad(u64, Must);

/// One parameter of a call: its word, and what has to be looked at or freed after.
struct Handed {
    word: u64,
    memory: Option<Box<Memory>>,
    free: Option<(Kind, u64)>,
}

fn handed(world: &World, is: Is) -> Handed {
    let plain = |word| Handed { word, memory: None, free: None };
    let memory = |memory: Box<Memory>| Handed { word: memory.address(), memory: Some(memory), free: None };
    let handle = |kind| {
        let handle = world.make(kind);
        Handed { word: handle, memory: None, free: Some((kind, handle)) }
    };
    match is {
        Is::Handle(kind) | Is::HandleOrNull(kind) => handle(kind),
        Is::Freed(kind) => plain(world.make(kind)),
        Is::FreedString => {
            let mut string = ptr::null_mut();
            let report = world.make(Kind::Report);
            // SAFETY: pointers to what lives.
            unsafe { well(|error| hwenc_report_to_json(report as usize as *const _, &mut string, error)) };
            free(Kind::Report, report);
            plain(word(string))
        }
        Is::Out(_) | Is::OutString | Is::OutPointer | Is::OutNumber | Is::Slot => {
            memory(Memory::new().set_word(0, BEFORE))
        }
        Is::Text(text) | Is::TextOrNull(text) | Is::Path(text) => plain(c(text) as usize as u64),
        Is::CommandOrNull => memory(Memory::new().set_word(0, c("/nowhere/helper") as usize)),
        Is::Reads(of) | Is::ReadsOrNull(of) | Is::Fills(of) => memory(world.structure(of).0),
        Is::Number(number) => plain(number),
        Is::LogCallback => plain(line as *const () as usize as u64),
        Is::ProgressCallbackOrNull => plain(progress as *const () as usize as u64),
        Is::User => plain(1),
    }
}

/// Everything wrong that a parameter can be. What it points to must live as long as the test: it is leaked.
fn bad(world: &World, is: Is) -> Vec<Bad> {
    use Must::*;
    let keep = |memory: Box<Memory>| keep(memory).address();
    let small = |must| [0, 1, 7, 0x10, 0xff8].map(|word| Bad(word, must)).to_vec();
    // NULL and small numbers; an address between two values.
    let not_aligned = || {
        let mut all = small(InvalidArgument);
        all.push(Bad(keep(Memory::new()) + 1, InvalidArgument));
        all
    };
    let handles = |kind: Kind, null: Must| {
        let mut all = small(InvalidHandle);
        all[0].1 = null;
        let living = world.living.iter().find(|(other, _)| *other == kind).unwrap().1;
        let never = [living + 2 * (1 << 30), living ^ 1, living & 0xffff_ffff, u64::MAX, i64::MIN as u64];
        all.extend(never.map(|word| Bad(word, InvalidHandle)));
        all.push(Bad(keep(Memory::new()), InvalidHandle));
        all.extend(world.living.iter().filter(|(other, _)| *other != kind).map(|h| Bad(h.1, InvalidHandle)));
        all.extend(world.freed.iter().map(|h| Bad(h.1, InvalidHandle)));
        all
    };
    let strings = |null: Must| {
        let mut all = small(InvalidArgument);
        all[0].1 = null;
        let no_utf8 = keep(Memory::holding(&[0xffu8, 0xfe, b'x', 0]));
        all.push(Bad(no_utf8, InvalidArgument));
        let long = "long ".repeat(100_000);
        for text in ["", " ", "no such thing", "%s%n", "-1", "{}", "[", "\u{1f3a5}", &long] {
            all.push(Bad(c(text) as usize as u64, Survive));
        }
        all
    };
    let sizes = |of: Struct, reads: bool, null: Must| {
        let mut all = not_aligned();
        all[0].1 = null;
        let size = world.structure(of).1;
        let with = |size: usize| keep(world.structure(of).0.set_word(0, size));
        for wrong in [0, 1, 7, 8, size - 1, 4097, usize::MAX, usize::MAX / 2, BEFORE] {
            all.push(Bad(with(wrong), InvalidArgument));
        }
        all.push(Bad(with(size + 64), Pass));
        let later = world.structure(of).0.set_word(0, size + 64).set_word(size + 8, 1);
        all.push(Bad(keep(later), if reads { InvalidArgument } else { Pass }));
        all
    };
    match is {
        Is::Handle(kind) => handles(kind, InvalidHandle),
        Is::HandleOrNull(kind) | Is::Freed(kind) => handles(kind, Pass),
        Is::FreedString => {
            let mut all = small(InvalidHandle);
            all[0].1 = Pass;
            all.push(Bad(keep(Memory::new()), InvalidHandle));
            all.extend(world.living.iter().map(|h| Bad(h.1, InvalidHandle)));
            all
        }
        Is::Out(_) | Is::OutString | Is::OutPointer | Is::OutNumber => not_aligned(),
        Is::Slot => {
            let mut all = not_aligned();
            all[0].1 = Pass;
            all
        }
        Is::Text(_) => strings(InvalidArgument),
        Is::TextOrNull(_) => strings(Pass),
        Is::Path(_) => {
            let mut all = small(InvalidArgument);
            all.push(Bad(c("") as usize as u64, InvalidArgument));
            all.push(Bad(keep(Memory::holding(&[0xffu8, 0xfe, b'x', 0])), Survive));
            all
        }
        Is::CommandOrNull => {
            let mut all = not_aligned();
            all[0].1 = Pass;
            let with = |word: usize| keep(Memory::new().set_word(0, word));
            all.push(Bad(with(0), InvalidArgument));
            all.push(Bad(with(1), InvalidArgument));
            all.push(Bad(with(c("") as usize), InvalidArgument));
            let endless = common::keep(Box::new([c("word") as usize; 2000]));
            all.push(Bad(word(endless.as_ptr().cast_mut()), InvalidArgument));
            all
        }
        Is::Reads(of) => sizes(of, true, InvalidArgument),
        Is::ReadsOrNull(of) => sizes(of, true, Pass),
        Is::Fills(of) => sizes(of, false, InvalidArgument),
        Is::Number(_) => {
            let numbers =
                [0, 1, 2, 255, 256, 65_536, i32::MAX as u64, u32::MAX.into(), i64::MAX as u64, u64::MAX];
            numbers.map(|number| Bad(number, Survive)).to_vec()
        }
        Is::LogCallback => vec![Bad(0, InvalidArgument)],
        Is::ProgressCallbackOrNull => vec![Bad(0, Pass)],
        Is::User => vec![Bad(0, Pass), Bad(u64::MAX, Pass)],
    }
}

/// Calls a function with everything right, or with one parameter wrong, and looks at what it did.
fn call(world: &World, row: &Row, wrong: Option<(usize, Bad)>) {
    let open = hwenc_handles_open();
    RELEASED.store(0, Ordering::SeqCst);
    let at = |index: usize| wrong.filter(|(other, _)| *other == index).map(|(_, bad)| bad);
    let mut all: Vec<Handed> = Vec::new();
    for (index, is) in row.parameters.iter().enumerate() {
        // What is freed is made only where it is.
        all.push(match at(index) {
            Some(bad) => Handed { word: bad.0, memory: None, free: None },
            None => handed(world, *is),
        });
    }
    let words: Vec<u64> = all.iter().map(|handed| handed.word).collect();
    // SAFETY: what is wrong is what the header says is found out.
    let gave = unsafe { row.function.call(&words) };

    let what = format!("{} with {wrong:x?} gave {gave:#x}", row.name);
    let must = wrong.map_or(Must::Pass, |(_, bad)| bad.1);
    let status = gave as u32 as i32;
    match (row.gives, must) {
        (Gives::Status, Must::InvalidHandle) => {
            assert_eq!(status, number(HWENC_ERROR_INVALID_HANDLE), "{what}")
        }
        (Gives::Status, Must::InvalidArgument) => {
            assert_eq!(status, number(HWENC_ERROR_INVALID_ARGUMENT), "{what}")
        }
        (Gives::Status, Must::Pass) => {
            let own = [HWENC_ERROR_INVALID_HANDLE, HWENC_ERROR_INVALID_ARGUMENT].map(number);
            // What an error says of itself is no failure of the call.
            assert!(!own.contains(&status) || row.name == "hwenc_error_status", "{what}");
        }
        (Gives::Value, Must::InvalidHandle) => assert_eq!(gave, 0, "{what}"),
        (Gives::Text, _) => assert_ne!(gave, 0, "{what}"),
        _ => {}
    }
    assert_ne!(status, number(HWENC_ERROR_INTERNAL), "{what}");

    let failed = row.gives == Gives::Status && status < 0;
    let slot_is_bad = |is: &Is, index: usize| matches!(is, Is::Slot) && at(index).is_some_and(|b| b.0 != 0);
    let slot_bad = row.parameters.iter().enumerate().any(|(index, is)| slot_is_bad(is, index));
    for (is, handed) in row.parameters.iter().zip(&all) {
        let put = handed.memory.as_ref().map(|memory| memory.pointer());
        match (is, put) {
            // Then nothing of the call was done.
            (Is::Out(_) | Is::OutString, Some(put)) if slot_bad => assert_eq!(put, BEFORE, "{what}"),
            (Is::Out(kind), Some(put)) if put != 0 => {
                assert!(!failed, "{what}");
                assert_ne!(put, BEFORE, "{what}");
                free(*kind, put as u64);
            }
            (Is::OutString, Some(put)) if put != 0 => {
                assert!(!failed, "{what}");
                take(put as *mut c_char);
            }
            (Is::Slot, Some(error)) => {
                assert_eq!(error != 0, failed, "{what}");
                if failed {
                    let error = Failed(error as *mut hwenc_error);
                    assert_eq!(error.status(), status, "{what}");
                    assert!(!error.message().is_empty(), "{what}");
                }
            }
            _ => {}
        }
        if let Some((kind, handle)) = handed.free {
            free(kind, handle);
        }
    }
    // A picture's memory is given back once, as soon as its struct could be read.
    for (index, is) in row.parameters.iter().enumerate() {
        if matches!(is, Is::Reads(Struct::Picture)) {
            let unread = at(index).is_some_and(|bad| bad.1 == Must::InvalidArgument);
            assert_eq!(RELEASED.load(Ordering::SeqCst), u32::from(!unread), "{what}");
        }
    }
    assert_eq!(hwenc_handles_open(), open, "{what}: something is left");
}

#[test]
fn every_function_survives_null_and_garbage_for_every_parameter() {
    // SAFETY: the only test of this program; its other thread waits.
    unsafe { std::env::set_var("HWENC_CACHE_DIR", std::ffi::OsStr::new(&text(cache()))) };
    let before = hwenc_handles_open();
    let table = table();
    let known: std::collections::BTreeMap<String, usize> =
        table.iter().map(|row| (row.name.to_owned(), row.function.parameters())).collect();
    assert_eq!(known, header::functions(), "the table is not what the header declares");
    assert_eq!(known.len(), table.len());

    let world = World::new();
    let mut calls = 0;
    for row in &table {
        assert_eq!(row.parameters.len(), row.function.parameters(), "{}", row.name);
        call(&world, row, None);
        for (index, is) in row.parameters.iter().enumerate() {
            for bad in bad(&world, *is) {
                call(&world, row, Some((index, bad)));
                calls += 1;
            }
        }
    }
    assert!(calls > 3000, "{calls}");

    world.living.iter().for_each(|&(kind, handle)| free(kind, handle));
    assert_eq!(hwenc_packet_free(world.packet), 0);
    assert_eq!(hwenc_session_free(world.session), 0);
    assert_eq!(hwenc_handles_open(), before);
}
