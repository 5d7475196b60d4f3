//! Colours: RGB becomes the numbers that ITU-R BT.601, BT.709 and BT.2020 say, the stream says which they are, and
//! pictures with other numbers are converted, never only called otherwise.
//!
//! libx264 at quantiser 0 is lossless at 8 bit, so what is compared is the conversion alone.

mod common;

use common::pixels::{Memory, Yuv, rgb};
use common::{CODECS, encode, judge, request};
use hwenc::{Codec, Color, Matrix, Packet, Picture, PixelFormat, Range, RateControl, Request};

const SIZE: (u32, u32) = (96, 64);
const FULL_709: Color = Color { range: Range::FULL, ..Color::BT709 };

type Image = fn(u32, u32) -> [u8; 3];

const IMAGES: [(&str, Image); 2] = [("bars", bars), ("ramps", ramps)];

/// Eight flat bars: the corners of the RGB cube.
fn bars(x: u32, _: u32) -> [u8; 3] {
    let bar = x / 12;
    [bar & 1, bar >> 1 & 1, bar >> 2 & 1].map(|on| on as u8 * 255)
}

/// Ramps in three directions.
fn ramps(x: u32, y: u32) -> [u8; 3] {
    [2 * x as u8 + 20, 2 * y as u8 + 50, 235 - x as u8 - y as u8]
}

/// Within the gamut of every matrix, so that nothing is clipped on the way from one to another.
fn muted(x: u32, y: u32) -> [u8; 3] {
    [60 + x as u8, 70 + y as u8, 80 + (x / 2 + y / 2) as u8]
}

fn all_colors() -> impl Iterator<Item = Color> {
    [Color::BT601, Color::BT709, Color::BT2020]
        .into_iter()
        .flat_map(|c| [Range::LIMITED, Range::FULL].map(|range| Color { range, ..c }))
}

fn lossless() -> Request {
    request(Codec::H264, SIZE.0, SIZE.1).rate_control(RateControl::Cqp(0))
}

/// What becomes of pictures: decoded again, and coded.
fn coded(want: &Request, pictures: Vec<Picture<'static>>) -> (Vec<Yuv>, Vec<Packet>) {
    let count = pictures.len();
    let (_, packets) = encode(want, pictures);
    let decoded = judge::decode(want.codec, &packets, (want.width, want.height), want.bit_depth);
    assert_eq!(decoded.len(), count);
    (decoded, packets)
}

fn picture(format: PixelFormat, (width, height): (u32, u32), image: Image) -> Picture<'static> {
    Memory::tight(format, width, height, &rgb(format, width, height, image)).owned()
}

/// Kr and Kb (H.273, table 4).
fn luma_weights(matrix: Matrix) -> (f64, f64) {
    match matrix {
        Matrix::BT601 => (0.299, 0.114),
        Matrix::BT709 => (0.2126, 0.0722),
        Matrix::BT2020 => (0.2627, 0.0593),
        other => panic!("{other:?}"),
    }
}

/// Y, Cb and Cr of a colour, each in code values of `depth` bits, not rounded (H.273, equations 20 to 40).
fn reference([r, g, b]: [f64; 3], color: Color, depth: u8) -> [f64; 3] {
    let (kr, kb) = luma_weights(color.matrix);
    let y = kr * r + (1.0 - kr - kb) * g + kb * b;
    let (cb, cr) = ((b - y) / (2.0 * (1.0 - kb)), (r - y) / (2.0 * (1.0 - kr)));
    let one = f64::from(1u32 << (depth - 8));
    if color.range == Range::FULL {
        let peak = 256.0 * one - 1.0;
        [y * peak, 128.0 * one + cb * peak, 128.0 * one + cr * peak]
    } else {
        [(16.0 + 219.0 * y) * one, (128.0 + 224.0 * cb) * one, (128.0 + 224.0 * cr) * one]
    }
}

/// The picture that an image should become, chroma as the mean of its four pixels.
fn expected(image: Image, color: Color, depth: u8) -> Yuv {
    let at = |x, y| reference(image(x, y).map(|c| f64::from(c) / 255.0), color, depth);
    Yuv::new(SIZE.0, SIZE.1, depth, |plane, x, y| {
        let value = if plane == 0 {
            at(x, y)[0]
        } else {
            let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| at(2 * x + i, 2 * y + j)[plane]);
            four.iter().sum::<f64>() / 4.0
        };
        value.round().clamp(0.0, f64::from((1u32 << depth) - 1)) as u16
    })
}

fn assert_near(out: &Yuv, wanted: &Yuv, most: [u16; 3], what: &str) {
    for (plane, most) in most.into_iter().enumerate() {
        let distance = out.distance(wanted, plane);
        assert!(distance <= most, "{what}: plane {plane} is off by {distance}");
    }
}

#[test]
fn rgb_becomes_what_the_recommendations_say() {
    let formats = ["bgra", "rgba", "bgr0", "rgb0", "rgb24", "bgr24", "argb", "0rgb", "abgr", "0bgr"];
    let formats = formats.map(|name| PixelFormat::from_name(name).unwrap());
    let cases: Vec<_> = formats.iter().flat_map(|f| IMAGES.map(|(name, image)| (*f, name, image))).collect();
    for color in all_colors() {
        let want = lossless().input(PixelFormat::BGRA).color(color);
        let pictures = cases.iter().map(|(format, _, image)| picture(*format, SIZE, *image)).collect();
        for (out, (format, name, image)) in coded(&want, pictures).0.iter().zip(&cases) {
            let what = format!("{name} in {format} to {color:?}");
            assert_near(out, &expected(*image, color, 8), [1, 1, 1], &what);
        }
    }
}

#[test]
fn rgb_becomes_10_bit_too() {
    for color in all_colors() {
        let want = lossless().bit_depth(10).input(PixelFormat::BGRA).color(color);
        let pictures = IMAGES.iter().map(|(_, image)| picture(PixelFormat::BGRA, SIZE, *image)).collect();
        for (out, (name, image)) in coded(&want, pictures).0.iter().zip(IMAGES) {
            // From 8 bit, through a quantiser that is not quite lossless at 10.
            assert_near(out, &expected(image, color, 10), [4, 3, 3], &format!("{name} to {color:?}"));
        }
    }
}

#[test]
fn the_stream_says_what_it_holds() {
    let table = [
        (8, Color::BT601, ["tv", "smpte170m", "smpte170m", "smpte170m"]),
        (8, Color::BT709, ["tv", "bt709", "bt709", "bt709"]),
        (8, FULL_709, ["pc", "bt709", "bt709", "bt709"]),
        (8, Color::BT2020, ["tv", "bt2020", "bt2020-10", "bt2020nc"]),
        (10, Color::HDR10, ["tv", "bt2020", "smpte2084", "bt2020nc"]),
    ];
    for codec in CODECS {
        for (depth, color, wanted) in table {
            let want = request(codec, SIZE.0, SIZE.1).bit_depth(depth).color(color);
            let format = if depth == 8 { PixelFormat::NV12 } else { PixelFormat::P010 };
            let (_, packets) = encode(&want, [Yuv::moving(SIZE.0, SIZE.1, depth, 0).picture(format)]);
            let stream = judge::stream(codec, &packets);
            let said = ["color_range", "color_primaries", "color_transfer", "color_space"]
                .map(|key| stream[key].as_str().unwrap_or("nothing"));
            assert_eq!(said, wanted, "{codec} with {color:?}");
        }
    }
}

#[test]
fn pictures_with_other_numbers_are_converted_and_not_only_called_otherwise() {
    let sent = |from| expected(muted, from, 8).picture(PixelFormat::I420).color(from);
    for to in all_colors() {
        let want = lossless().input(PixelFormat::I420).color(to);
        let (out, packets) = coded(&want, all_colors().map(sent).collect());
        for (out, from) in out.iter().zip(all_colors()) {
            let most = if from == to { [0, 0, 0] } else { [2, 2, 2] };
            assert_near(out, &expected(muted, to, 8), most, &format!("{from:?} to {to:?}"));
        }
        let range = if to.range == Range::FULL { "pc" } else { "tv" };
        assert_eq!(judge::stream(Codec::H264, &packets)["color_range"], range, "{to:?}");
    }
}

#[test]
fn what_nobody_says_stays_as_it_is() {
    let picture = Yuv::moving(SIZE.0, SIZE.1, 8, 0);
    let silent = lossless().input(PixelFormat::I420);
    // Pictures that do not say what they are, and sessions that do not say what they want.
    for (want, color) in [
        (silent.clone().color(FULL_709), Color::default()),
        (silent.clone(), Color::BT709),
        (silent.clone(), Color::BT2020),
    ] {
        let (out, _) = coded(&want, vec![picture.picture(PixelFormat::I420).color(color)]);
        assert!(out == [picture.clone()], "{color:?} into {:?}", want.color);
    }
    // Where only the range is other than what a silent stream means, the matrix stays.
    let full = expected(muted, FULL_709, 8).picture(PixelFormat::I420).color(FULL_709);
    let (out, _) = coded(&silent, vec![full]);
    assert_near(&out[0], &expected(muted, Color::BT709, 8), [1, 1, 1], "full range into silence");
}

#[test]
fn rgb_without_a_wish_goes_by_its_height_and_says_so() {
    let bgra = |height| vec![picture(PixelFormat::BGRA, (64, height), bars)];
    for (height, color, name) in [(576, Color::BT601, "smpte170m"), (578, Color::BT709, "bt709")] {
        let unannounced = request(Codec::H264, 64, height).rate_control(RateControl::Cqp(0));
        let want = unannounced.clone().input(PixelFormat::BGRA);
        let (implied, packets) = coded(&want, bgra(height));
        let (asked, _) = coded(&want.clone().color(color), bgra(height));
        let other = if color == Color::BT601 { Color::BT709 } else { Color::BT601 };
        let (otherwise, _) = coded(&want.clone().color(other), bgra(height));
        assert!(implied == asked && implied != otherwise, "{height} lines");
        let stream = judge::stream(Codec::H264, &packets);
        for key in ["color_space", "color_primaries", "color_transfer"] {
            assert_eq!(stream[key], name, "{height} lines: {key}");
        }
        assert_eq!(stream["color_range"], "tv", "{height} lines");

        // A session that expected something else can no longer say so, but converts as a player will guess.
        let (guessed, _) = coded(&unannounced, bgra(height));
        assert!(guessed == asked, "{height} lines, unannounced");
        // What is said stays, and only the rest is filled in.
        let full = want.color(Color { range: Range::FULL, ..Color::default() });
        let stream = judge::stream(Codec::H264, &coded(&full, bgra(height)).1);
        assert_eq!((&stream["color_range"], &stream["color_space"]), (&"pc".into(), &name.into()));
    }
}
