//! A program that chooses or encodes, and opens no file of a container, is not linked to libavformat and libavfilter:
//! LLD, which Rust links with on x86-64, leaves out what nothing refers to. GNU ld, elsewhere, does not see so much.

use std::process::Command;

/// What the loader would load for the program, by its own word (ld.so(8)).
fn needs(program: &str) -> String {
    let output = Command::new(program).env("LD_TRACE_LOADED_OBJECTS", "1").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("libavcodec.so"), "{program}: {text}");
    text
}

#[test]
fn a_program_needs_the_libraries_that_it_uses() {
    for program in [env!("CARGO_BIN_EXE_choose_encoder"), env!("CARGO_BIN_EXE_frames_to_packets")] {
        let text = needs(program);
        for library in ["libavformat.so", "libavfilter.so"] {
            assert_eq!(text.contains(library), !cfg!(target_arch = "x86_64"), "{program}: {text}");
        }
    }
    assert!(needs(env!("CARGO_BIN_EXE_encode_film")).contains("libavformat.so"));
}
