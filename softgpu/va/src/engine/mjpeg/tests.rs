//! Pictures with the tables of annex K, decoded by FFmpeg.

use super::*;
use crate::engine::Packed;
use crate::engine::testing::{Buffers, Picture, code, decode, psnr, raw};

/// Lengths and symbols of tables K.3 and K.5.
const DC_LENGTHS: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const AC_LENGTHS: [u8; 16] = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125];

/// The symbols of table K.5: those of short codes, then the others in rising order.
fn ac_symbols() -> Vec<u8> {
    let short = [
        0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22,
        0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33,
        0x62, 0x72,
    ];
    let all = (0..=15u8).flat_map(|run| (1..=10u8).map(move |size| run << 4 | size));
    short.into_iter().chain(all.filter(|symbol| !short.contains(symbol))).collect()
}

fn buffers(width: u16, height: u16, quantizer: u8, quality: u8, restart: u16) -> Buffers {
    let mut picture = sys::VAEncPictureParameterBufferJPEG {
        picture_width: width,
        picture_height: height,
        sample_bit_depth: 8,
        num_scan: 1,
        num_components: 3,
        quality,
        ..Default::default()
    };
    let mut slice = sys::VAEncSliceParameterBufferJPEG {
        restart_interval: restart,
        num_components: 3,
        ..Default::default()
    };
    for at in 0..3 {
        picture.component_id[at] = at as u8 + 1;
        picture.quantiser_table_selector[at] = u8::from(at > 0);
        slice.components[at].component_selector = at as u8 + 1;
    }
    let matrix = sys::VAQMatrixBufferJPEG {
        lum_quantiser_matrix: [quantizer; 64],
        chroma_quantiser_matrix: [quantizer; 64],
        ..Default::default()
    };
    // SAFETY: numbers alone, of which 0 is one.
    let mut huffman: sys::VAHuffmanTableBufferJPEGBaseline = unsafe { std::mem::zeroed() };
    for table in &mut huffman.huffman_table {
        table.num_dc_codes = DC_LENGTHS;
        table.dc_values = std::array::from_fn(|at| at as u8);
        table.num_ac_codes = AC_LENGTHS;
        table.ac_values.copy_from_slice(&ac_symbols());
    }
    Buffers {
        picture: raw(&picture),
        slices: vec![raw(&slice)],
        matrix: raw(&matrix),
        huffman: raw(&huffman),
        ..Buffers::default()
    }
}

fn encoder(engine: Engine) -> Box<dyn Encoder> {
    super::open(&Open {
        engine,
        profile: sys::VAProfileJPEGBaseline,
        entrypoint: sys::VAEntrypointEncPicture.cast_signed(),
        rt_format: sys::VA_RT_FORMAT_YUV420,
        rate_control: sys::VA_RC_NONE,
        packed_headers: 0,
        width: 64,
        height: 64,
    })
    .unwrap()
}

#[test]
fn pictures_decode_to_what_was_sent() {
    for (width, height, restart) in [(320, 192, 0), (318, 182, 7), (17, 9, 1)] {
        let mut last = 0;
        for (quantizer, wanted) in [(20, 33.0), (4, 44.0), (1, 50.0)] {
            let buffers = buffers(width, height, quantizer, 50, restart);
            let sent = Picture::new(width.into(), height.into(), 8, 3);
            let bits = code(&mut *encoder(Engine::X264), &buffers, &sent, 0);
            let got = decode("mjpeg", &bits, width.into(), height.into(), 8);
            assert_eq!(got.len(), 1);
            let quality = psnr(&got[0], &sent);
            assert!(quality > wanted && bits.len() > last, "{width}x{height} {quantizer}: {quality} dB");
            last = bits.len();
        }
    }
}

#[test]
fn quality_scales_the_tables_of_a_client_without_a_header() {
    let sizes = [10, 50, 90].map(|quality| {
        let sent = Picture::new(320, 192, 8, 0);
        code(&mut *encoder(Engine::X264), &buffers(320, 192, 16, quality, 0), &sent, 0).len()
    });
    assert!(sizes.is_sorted() && 2 * sizes[0] < sizes[2], "{sizes:?}");
}

#[test]
fn a_packed_header_is_the_one_that_comes_out() {
    let mut buffers = buffers(320, 192, 4, 50, 0);
    let sent = Picture::new(320, 192, 8, 0);
    let plain = code(&mut *encoder(Engine::X264), &buffers, &sent, 0);
    // The same header with a comment in it, and tables in libva's structures that are not to be used.
    let scan = plain.windows(2).position(|bytes| bytes == [0xff, 0xda]).unwrap();
    let mut bytes = [&plain[..2], &[0xff, 0xfe, 0, 4, b'h', b'i'], &plain[2..scan + 14]].concat();
    let bits = 8 * bytes.len() as u32;
    bytes.push(0x55);
    buffers.matrix.fill(9);
    let kind = sys::VAEncPackedHeaderRawData;
    buffers.packed = vec![Packed { kind, bits, has_emulation_bytes: true, before_slice: 0, bytes }];
    let packed = code(&mut *encoder(Engine::X264), &buffers, &sent, 0);
    assert_eq!(packed[8..], plain[2..]);
}

#[test]
fn null_codes_eight_pictures_and_then_a_grey_one() {
    let mut encoder = encoder(Engine::Null);
    let buffers = buffers(320, 192, 4, 50, 0);
    let sent = Picture::new(320, 192, 8, 0);
    let coded: Vec<Vec<u8>> = (0..12).map(|index| code(&mut *encoder, &buffers, &sent, index)).collect();
    assert!(coded[..8].iter().all(|bits| *bits == coded[0]) && coded[8] == coded[11]);
    assert!(coded[8].len() < 2000);
    let grey = decode("mjpeg", &coded[8], 320, 192, 8);
    assert!(grey[0].bytes.iter().all(|&sample| sample == 128));
}
