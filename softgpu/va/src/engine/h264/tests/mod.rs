//! The engines against an independent decoder.

mod client;

use softgpu_core::setup::Engine;

use self::client::{Client, Packing, Picture, Turn, decode};
use super::slice::SliceKind;
use crate::sys;

fn assert_lossless(client: &Client, turns: &[Turn], width: usize, height: usize) {
    let sent: Vec<Picture> = (0..turns.len()).map(|seed| Picture::noise(width, height, seed)).collect();
    let stream = client.code(turns, &sent).concat();
    let got = decode(&stream, width, height);
    assert_eq!(got.len(), sent.len(), "{client:?}");
    for (at, (got, sent)) in got.iter().zip(&sent).enumerate() {
        assert!(got == sent, "picture {at} differs: {:.1} dB, {client:?}", got.psnr(sent));
    }
}

#[test]
fn pcm_decodes_to_what_was_sent() {
    let turns = Client::turns(12, 7, true);
    assert!(turns.iter().any(|turn| turn.kind == SliceKind::B));
    for cabac in [false, true] {
        for slices in [1, 3] {
            for packing in [Packing::Emulated, Packing::Plain, Packing::Sequence, Packing::None] {
                for (width, height) in [(64, 48), (94, 38)] {
                    let mut client = Client::new(Engine::Lossless, width, height);
                    client.pps.cabac = cabac;
                    (client.slices, client.packing) = (slices, packing);
                    assert_lossless(&client, &turns, width, height);
                }
            }
        }
    }
}

#[test]
fn pcm_decodes_at_every_quantiser_and_initialisation_of_contexts() {
    let turns = Client::turns(4, 8, true);
    for init_idc in 0..3 {
        for qp in [0, 13, 26, 40, 51] {
            let client = Client { init_idc, qp, ..Client::new(Engine::Lossless, 64, 32) };
            assert_lossless(&client, &turns, 64, 32);
        }
    }
}

#[test]
fn the_null_engine_codes_eight_pictures_and_then_next_to_nothing() {
    for cabac in [false, true] {
        for (slices, qp, init_idc) in [(1, 26, 0), (3, 40, 1), (1, 13, 2)] {
            let mut client = Client { slices, qp, init_idc, ..Client::new(Engine::Null, 174, 102) };
            client.pps.cabac = cabac;
            let turns = Client::turns(30, 20, true);
            let sent: Vec<Picture> = (0..30).map(|seed| Picture::noise(174, 102, seed)).collect();
            let units = client.code(&turns, &sent);
            for (index, (unit, turn)) in units.iter().zip(&turns).enumerate().skip(8) {
                let limit = if turn.idr { 200 } else { 40 * slices as usize };
                assert!(unit.len() < limit, "{} bytes at {index}", unit.len());
            }
            let got = decode(&units.concat(), 174, 102);
            assert_eq!(got.len(), 30);
            let truly = turns[..8].iter().map(|turn| turn.shown);
            for shown in truly {
                assert!(got[shown] == sent[shown]);
            }
            // What was coded last is repeated, and an IDR picture is grey.
            assert!(got[10..20].iter().all(|picture| *picture == got[10]));
            assert!(got[20..].iter().all(|picture| picture.bytes.iter().all(|&sample| sample == 128)));
        }
    }
}

/// The lowest PSNR of pictures coded with x264, and the bytes.
fn realistic(client: &Client, turns: &[Turn], width: usize, height: usize) -> (Vec<f64>, usize) {
    let sent: Vec<Picture> = (0..turns.len()).map(|time| Picture::waves(width, height, time)).collect();
    let stream = client.code(turns, &sent).concat();
    let got = decode(&stream, width, height);
    assert_eq!(got.len(), sent.len(), "{client:?}");
    (got.iter().zip(&sent).map(|(got, sent)| got.psnr(sent)).collect(), stream.len())
}

#[test]
fn x264_behind_the_clients_headers_decodes() {
    for (cabac, transform_8x8, constrained_intra) in
        [(false, false, false), (true, false, true), (true, true, false), (false, true, true)]
    {
        for (slices, packing, init_qp) in
            [(1, Packing::Emulated, 26), (3, Packing::Plain, 30), (1, Packing::None, 20)]
        {
            let mut client = Client { slices, packing, ..Client::new(Engine::X264, 158, 102) };
            (client.pps.cabac, client.pps.transform_8x8) = (cabac, transform_8x8);
            (client.pps.constrained_intra, client.pps.init_qp) = (constrained_intra, init_qp);
            let (psnr, _) = realistic(&client, &Client::turns(24, 15, true), 158, 102);
            let worst = psnr.iter().copied().fold(f64::INFINITY, f64::min);
            assert!(worst > 40.0, "{worst:.1} dB, {client:?}");
        }
    }
}

#[test]
fn nothing_drifts_over_a_hundred_pictures() {
    for deblocking_control in [false, true] {
        let mut client = Client::new(Engine::X264, 160, 96);
        client.pps.deblocking_control = deblocking_control;
        // Two references allowed, of which one is used.
        client.pps.num_refs = [2, 1];
        let (psnr, _) = realistic(&client, &Client::turns(110, 1000, false), 160, 96);
        assert!(psnr[100] > psnr[2] - 1.0 && psnr[100] > 40.0, "{:.1} dB, then {:.1} dB", psnr[2], psnr[100]);
    }
}

#[test]
fn a_picture_that_refers_to_another_than_the_last_one_is_coded_without_it() {
    let turn =
        |kind, shown, reference, refers_to| Turn { kind, idr: shown == 0, shown, reference, refers_to };
    use SliceKind::{I, P};
    let turns = [
        turn(I, 0, true, 0),
        turn(P, 1, true, 0),
        turn(P, 2, true, 0),  // not the last one
        turn(P, 3, false, 2), // nobody's reference
        turn(P, 4, true, 2),
        turn(I, 5, true, 0),
        turn(P, 6, true, 4), // not the last one either
        turn(P, 7, true, 6),
    ];
    for packing in [Packing::Emulated, Packing::None] {
        for slices in [1, 2] {
            let client = Client { packing, slices, ..Client::new(Engine::X264, 160, 96) };
            let (psnr, _) = realistic(&client, &turns, 160, 96);
            assert!(psnr.iter().all(|&psnr| psnr > 40.0), "{psnr:?}");
        }
    }
}

#[test]
fn b_pictures_that_others_refer_to_are_coded_from_the_anchor() {
    let turn =
        |kind, shown, reference, refers_to| Turn { kind, idr: shown == 0, shown, reference, refers_to };
    use SliceKind::{B, I, P};
    let mut turns = vec![turn(I, 0, true, 0)];
    for start in (0..40).step_by(4) {
        turns.push(turn(P, start + 4, true, start));
        turns.push(turn(B, start + 2, true, start));
        turns.push(turn(B, start + 1, false, start));
        turns.push(turn(B, start + 3, false, start + 2));
    }
    for engine in [Engine::Lossless, Engine::X264] {
        let mut client = Client { slices: 2, ..Client::new(engine, 160, 96) };
        client.sps.max_num_ref_frames = 4;
        client.sps.vui.as_mut().unwrap().max_reorder = 2;
        client.sps.vui.as_mut().unwrap().max_buffering = 4;
        let sent: Vec<Picture> = (0..41).map(|time| Picture::waves(160, 96, time / 9)).collect();
        let units = client.code(&turns, &sent);
        let got = decode(&units.concat(), 160, 96);
        let worst = got.iter().zip(&sent).map(|(got, sent)| got.psnr(sent)).fold(f64::INFINITY, f64::min);
        assert!(got.len() == 41 && worst > 40.0, "{worst:.1} dB");
        if engine == Engine::X264 {
            // Predicted: the picture changes with every ninth only.
            let sizes: Vec<usize> = units.iter().map(Vec::len).collect();
            let small = sizes.iter().filter(|&&size| 4 * size < sizes[0]).count();
            assert!(small >= 25, "{sizes:?}");
        }
    }
}

#[test]
fn damaged_headers_are_errors_at_most() {
    let turns = Client::turns(6, 4, true);
    let sent: Vec<Picture> = (0..6).map(|seed| Picture::noise(64, 48, seed)).collect();
    let mut state = 1u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    let (mut right, mut wrong) = (0, 0);
    for round in 0..150 {
        let engine = [Engine::Lossless, Engine::Null, Engine::X264][round % 3];
        let packing = if round % 2 == 0 { Packing::Emulated } else { Packing::Plain };
        let client = Client { packing, slices: 2, ..Client::new(engine, 64, 48) };
        let units = client.code_damaged(&turns, &sent, |_, packed| {
            for _ in 0..random() % 3 {
                let at = random() % packed.bytes.len();
                packed.bytes[at] ^= 1 << (random() % 8);
            }
            if random() % 16 == 0 {
                packed.bits = (random() % 300) as u32;
            }
        });
        right += units.iter().filter(|unit| unit.is_ok()).count();
        wrong += units.iter().filter(|unit| unit.is_err()).count();
    }
    assert!(right > 50 && wrong > 50, "{right} {wrong}");
}

#[test]
fn the_size_follows_the_quantiser_and_the_bitrate() {
    let turns = Client::turns(60, 30, true);
    let mut sizes = Vec::new();
    for qp in [12, 22, 32, 42] {
        let client = Client { qp, ..Client::new(Engine::X264, 160, 96) };
        sizes.push(realistic(&client, &turns, 160, 96).1);
    }
    assert!(sizes.windows(2).all(|pair| pair[0] > pair[1]), "{sizes:?}");
    let turns = Client::turns(300, 120, false);
    for bits_per_second in [200_000, 600_000] {
        let mut client = Client::new(Engine::X264, 160, 96);
        client.rate.mode = sys::VA_RC_CBR;
        client.rate.bits_per_second = bits_per_second;
        client.rate.framerate = (30, 1);
        let (_, bytes) = realistic(&client, &turns, 160, 96);
        let error = 8.0 * bytes as f64 / (10.0 * f64::from(bits_per_second)) - 1.0;
        assert!(error.abs() < 0.05, "{:+.1} % at {bits_per_second}", 100.0 * error);
    }
}
