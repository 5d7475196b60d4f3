//! JPEG headers (ITU-T T.81, annex B): read from what the client packed, or written from libva's structures.

use crate::sys;

/// Coefficients from the lowest to the highest frequency, as positions in a block (figure A.6).
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A Huffman table: the code and its length of each symbol; length 0 where there is none.
#[derive(Clone, Debug)]
pub(super) struct Huffman {
    pub(super) codes: [(u16, u8); 256],
}

impl Huffman {
    /// From the number of codes of each length, and their symbols (C.2).
    fn new(lengths: &[u8], symbols: &[u8]) -> Option<Self> {
        let mut codes = [(0, 0); 256];
        let mut symbols = symbols.iter();
        let mut code = 0u32;
        for (length, &count) in (1..).zip(lengths) {
            for _ in 0..count {
                codes[usize::from(*symbols.next()?)] = (u16::try_from(code).ok()?, length);
                code += 1;
            }
            code <<= 1;
        }
        Some(Self { codes })
    }
}

/// A component of the frame, as it is coded in the scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Component {
    id: u8,
    /// Blocks of an MCU, across and down.
    pub(super) sampling: (usize, usize),
    pub(super) quantizer: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// What a header says.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: Vec<Component>,
    /// In zigzag order.
    pub(super) quantizers: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Huffman>; 4],
    pub(super) ac: [Option<Huffman>; 4],
    /// MCUs between restart markers; 0: none.
    pub(super) restart: usize,
}

impl Header {
    /// From SOI to the end of SOS. `None` for what is no baseline frame of one scan of all its components.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut header = Self::default();
        let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
        loop {
            let [0xff, marker, high, low, ..] = *rest else { return None };
            let len = usize::from(u16::from_be_bytes([high, low]));
            let segment = rest.get(4..2 + len)?;
            rest = &rest[2 + len..];
            match marker {
                0xdb => header.quantization(segment)?,
                0xc4 => header.huffman(segment)?,
                0xc0 | 0xc1 => header.frame(segment)?,
                0xc2..=0xcf => return None,
                0xdd => {
                    header.restart = usize::from(u16::from_be_bytes([*segment.first()?, *segment.get(1)?]))
                }
                0xda => {
                    header.scan(segment)?;
                    return Some(header);
                }
                _ => {}
            }
        }
    }

    /// DQT, B.2.4.1.
    fn quantization(&mut self, mut segment: &[u8]) -> Option<()> {
        while let [which, values @ ..] = segment {
            let wide = usize::from(which >> 4);
            let size = 64 * (1 + wide);
            let values = values.get(..size)?;
            let mut table = [0; 64];
            for (at, value) in table.iter_mut().enumerate() {
                *value = match wide {
                    0 => values[at].into(),
                    _ => u16::from_be_bytes([values[2 * at], values[2 * at + 1]]),
                };
            }
            *self.quantizers.get_mut(usize::from(which & 15))? = Some(table);
            segment = &segment[1 + size..];
        }
        Some(())
    }

    /// DHT, B.2.4.2.
    fn huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let [which, values @ ..] = segment {
            let lengths = values.get(..16)?;
            let count: usize = lengths.iter().map(|&count| usize::from(count)).sum();
            let table = Huffman::new(lengths, values.get(16..16 + count)?)?;
            let tables = if which >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(which & 15))? = Some(table);
            segment = &segment[17 + count..];
        }
        Some(())
    }

    /// SOF, B.2.2.
    fn frame(&mut self, segment: &[u8]) -> Option<()> {
        let [8, h, l, w, v, count, components @ ..] = segment else { return None };
        (self.height, self.width) =
            (u16::from_be_bytes([*h, *l]).into(), u16::from_be_bytes([*w, *v]).into());
        self.components = components
            .as_chunks::<3>()
            .0
            .iter()
            .take(usize::from(*count))
            .map(|&[id, sampling, quantizer]| Component {
                id,
                sampling: (usize::from(sampling >> 4), usize::from(sampling & 15)),
                quantizer: quantizer.into(),
                ..Component::default()
            })
            .collect();
        (self.components.len() == usize::from(*count) && self.width > 0 && self.height > 0).then_some(())
    }

    /// SOS, B.2.3.
    fn scan(&mut self, segment: &[u8]) -> Option<()> {
        let [count, selectors @ ..] = segment else { return None };
        let selectors = selectors.as_chunks::<2>().0;
        if usize::from(*count) != self.components.len() || selectors.len() < self.components.len() {
            return None;
        }
        for (component, &[id, tables]) in self.components.iter_mut().zip(selectors) {
            if component.id != id {
                return None;
            }
            (component.dc, component.ac) = ((tables >> 4).into(), (tables & 15).into());
        }
        let complete = self.components.iter().all(|component| {
            let (across, down) = component.sampling;
            (1..=4).contains(&across)
                && (1..=4).contains(&down)
                && matches!(self.quantizers.get(component.quantizer), Some(Some(_)))
                && matches!(self.dc.get(component.dc), Some(Some(_)))
                && matches!(self.ac.get(component.ac), Some(Some(_)))
        });
        complete.then_some(())
    }
}

/// A quantiser as a quality from 1 to 100 changes it; 50 leaves it as it is (va_enc_jpeg.h, and iHD's hcp of JPEG).
fn scaled(value: u8, quality: u8) -> u8 {
    let quality = u32::from(quality.clamp(1, 100));
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    ((u32::from(value) * scale + 50) / 100).clamp(1, 255) as u8
}

/// A header from libva's structures, for clients that pack none. `sampling` is that of the first component.
pub(super) fn write(
    picture: &sys::VAEncPictureParameterBufferJPEG,
    slice: &sys::VAEncSliceParameterBufferJPEG,
    matrix: &sys::VAQMatrixBufferJPEG,
    huffman: &sys::VAHuffmanTableBufferJPEGBaseline,
    sampling: (u8, u8),
) -> Vec<u8> {
    let count = usize::from(picture.num_components).min(4);
    let mut out = vec![0xff, 0xd8];
    let mut segment = |marker: u8, body: &[u8]| {
        out.extend_from_slice(&[0xff, marker]);
        out.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
        out.extend_from_slice(body);
    };
    for (which, values) in (0..).zip([&matrix.lum_quantiser_matrix, &matrix.chroma_quantiser_matrix]) {
        let body: Vec<u8> =
            [which].into_iter().chain(values.iter().map(|&value| scaled(value, picture.quality))).collect();
        segment(0xdb, &body);
    }
    let mut frame = vec![8];
    frame.extend_from_slice(&picture.picture_height.to_be_bytes());
    frame.extend_from_slice(&picture.picture_width.to_be_bytes());
    frame.push(count as u8);
    for at in 0..count {
        let (across, down) = if at == 0 { sampling } else { (1, 1) };
        frame.extend([picture.component_id[at], across << 4 | down, picture.quantiser_table_selector[at]]);
    }
    segment(0xc0, &frame);
    for (which, table) in (0..).zip(&huffman.huffman_table) {
        let used = |lengths: &[u8]| lengths.iter().map(|&count| usize::from(count)).sum::<usize>();
        let dc = used(&table.num_dc_codes).min(12);
        segment(0xc4, &[&[which], &table.num_dc_codes[..], &table.dc_values[..dc]].concat());
        let ac = used(&table.num_ac_codes).min(162);
        segment(0xc4, &[&[0x10 | which], &table.num_ac_codes[..], &table.ac_values[..ac]].concat());
    }
    if slice.restart_interval > 0 {
        segment(0xdd, &slice.restart_interval.to_be_bytes());
    }
    let mut scan = vec![count as u8];
    for component in &slice.components[..count] {
        scan.extend([
            component.component_selector,
            component.dc_table_selector << 4 | component.ac_table_selector,
        ]);
    }
    scan.extend([0, 63, 0]);
    segment(0xda, &scan);
    out
}
