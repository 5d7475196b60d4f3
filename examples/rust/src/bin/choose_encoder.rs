//! Chooses an encoder and prints why, and why not the others.
#![forbid(unsafe_code)]

use hwenc::{Codec, Fallback, Request};

fn main() {
    let want = Request::new(Codec::Hevc, 1920, 1080).fps(30).bit_depth(10).fallback(Fallback::Software);
    match hwenc::choose(&want) {
        Ok(decision) if decision.fallback_used() => println!("no hardware works here\n{decision}"),
        Ok(decision) => println!("{decision}"),
        Err(error) => {
            println!("{error}");
            for candidate in error.candidates() {
                println!("  {candidate}");
            }
        }
    }
}
