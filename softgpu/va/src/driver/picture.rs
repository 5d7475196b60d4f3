//! A picture from `vaBeginPicture` to `vaEndPicture`: its buffers are sorted and kept.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Call;
use super::buffers::Buffer;
use super::contexts::{Context, Inner, Worker};
use super::pointer::List;
use super::surfaces::Surface;
use super::work::Processing;
use crate::engine::{Packed, RateSettings};
use crate::failure::{Failure, Outcome};
use crate::misuse;
use crate::sys;

/// What is kept of a picture's buffers. Everything keeps its memory from picture to picture.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) target: Option<Target>,
    pub(crate) sequence: Vec<u8>,
    pub(crate) sequence_is_new: bool,
    pub(crate) parameters: Vec<u8>,
    pub(crate) slices: Stack<Vec<u8>>,
    /// For decoding: the data buffer that each slice came with.
    pub(crate) slice_data: Vec<usize>,
    pub(crate) data: Stack<Vec<u8>>,
    pub(crate) packed: Stack<Packed>,
    pending_packed: Option<sys::VAEncPackedHeaderParameterBuffer>,
    pub(crate) matrix: Vec<u8>,
    pub(crate) huffman: Vec<u8>,
    pub(crate) probability: Vec<u8>,
    pub(crate) rate: RateSettings,
    pub(crate) processing: Vec<Processing>,
    /// Pictures that were worked on in this context.
    pub(crate) index: u64,
    /// Whether its begin or a buffer of it failed: its end fails too then, and the client has been told why already.
    spoiled: bool,
}

/// The surface of the picture under way.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) id: u32,
    pub(crate) surface: Arc<Surface>,
}

/// Values that are used again.
#[derive(Debug, Default)]
pub(crate) struct Stack<T> {
    values: Vec<T>,
    used: usize,
}

impl<T: Default> Stack<T> {
    fn clear(&mut self) {
        self.used = 0;
    }

    /// One more, with what an earlier picture left in it.
    fn push(&mut self) -> &mut T {
        if self.used == self.values.len() {
            self.values.push(T::default());
        }
        self.used += 1;
        &mut self.values[self.used - 1]
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.values[..self.used]
    }
}

fn keep(into: &mut Vec<u8>, bytes: &[u8]) {
    into.clear();
    into.extend_from_slice(bytes);
}

impl Picture {
    pub(super) fn new(rate_control: u32) -> Self {
        Self {
            target: None,
            sequence: Vec::new(),
            sequence_is_new: false,
            parameters: Vec::new(),
            slices: Stack::default(),
            slice_data: Vec::new(),
            data: Stack::default(),
            packed: Stack::default(),
            pending_packed: None,
            matrix: Vec::new(),
            huffman: Vec::new(),
            probability: Vec::new(),
            rate: RateSettings { mode: rate_control, ..RateSettings::default() },
            processing: Vec::new(),
            index: 0,
            spoiled: false,
        }
    }

    /// Forgets the last picture's buffers; sequence parameters and rate control stay.
    fn begin(&mut self, target: Target) {
        self.target = Some(target);
        self.spoiled = false;
        self.sequence_is_new = false;
        self.parameters.clear();
        self.slices.clear();
        self.slice_data.clear();
        self.data.clear();
        self.packed.clear();
        self.pending_packed = None;
        self.matrix.clear();
        self.huffman.clear();
        self.probability.clear();
        self.processing.clear();
    }
}

impl Call<'_> {
    pub(super) fn begin_picture(&self, context_id: u32, target: u32) -> Outcome {
        let context = self.context(context_id)?;
        let mut inner = context.inner();
        let begun = self.begin(&context, &mut inner, context_id, target);
        inner.picture.spoiled = begun.is_err();
        begun
    }

    fn begin(&self, context: &Context, inner: &mut Inner, context_id: u32, target: u32) -> Outcome {
        self.fault.clone()?;
        self.faults(&context.config.cap.faults)?;
        let surface = self.surface(target)?;
        if let Some(last) = inner.picture.target.take() {
            self.misuse(&misuse::NESTED_PICTURE, || {
                format!("context {context_id:#x}, surface {:#x}", last.id)
            });
            last.surface.pictures.fetch_sub(1, Ordering::Relaxed);
        }
        if !matches!(inner.worker, Worker::Process)
            && surface.layout.format.rt_format() & context.config.rt_format == 0
        {
            let format = surface.layout.format;
            self.misuse(&misuse::SURFACE_FORMAT, || {
                format!("{format:?} for {:#x}", context.config.rt_format)
            });
            let why = format!("a surface of {format:?} for RT format {:#x}", context.config.rt_format);
            return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT, why));
        }
        let size = (context.width, context.height);
        if !matches!(inner.worker, Worker::Process) && !surface.holds(size) {
            let (width, height) = (surface.layout.width, surface.layout.height);
            self.misuse(&misuse::SURFACE_TOO_SMALL, || format!("{width}x{height} for {size:?}"));
        }
        surface.pictures.fetch_add(1, Ordering::Relaxed);
        inner.picture.begin(Target { id: target, surface });
        Ok(())
    }

    pub(super) fn render_picture(&self, context_id: u32, buffers: &List<'_, u32>) -> Outcome {
        let context = self.context(context_id)?;
        let mut inner = context.inner();
        let rendered = self.render(&context, &mut inner, context_id, buffers);
        inner.picture.spoiled |= rendered.is_err();
        rendered
    }

    fn render(
        &self,
        context: &Context,
        inner: &mut Inner,
        context_id: u32,
        buffers: &List<'_, u32>,
    ) -> Outcome {
        self.fault.clone()?;
        self.faults(&context.config.cap.faults)?;
        if inner.picture.target.is_none() {
            self.misuse(&misuse::OUTSIDE_PICTURE, || format!("context {context_id:#x}"));
            return Err(Failure::new(sys::VA_STATUS_ERROR_INVALID_CONTEXT, "no picture was begun"));
        }
        for id in buffers.iter() {
            let buffer = self.buffer(id)?;
            self.take(context, inner, id, &buffer)?;
        }
        Ok(())
    }

    fn take(&self, context: &Context, inner: &mut Inner, id: u32, buffer: &Buffer) -> Outcome {
        let state = buffer.state();
        if state.mapped > 0 {
            self.misuse(&misuse::STILL_MAPPED, || format!("buffer {id:#x} of type {} rendered", buffer.kind));
        }
        let (bytes, elements) = (state.bytes(), state.elements);
        let Inner { worker, picture } = inner;
        match (&*worker, buffer.kind) {
            (Worker::Encode(_), sys::VAEncSequenceParameterBufferType) => {
                keep(&mut picture.sequence, bytes);
                picture.sequence_is_new = true;
            }
            (Worker::Encode(_), sys::VAEncPictureParameterBufferType)
            | (Worker::Decode(_), sys::VAPictureParameterBufferType) => keep(&mut picture.parameters, bytes),
            (Worker::Encode(_), sys::VAEncSliceParameterBufferType) => {
                for element in bytes.chunks(buffer.size.max(1)).take(elements) {
                    keep(picture.slices.push(), element);
                }
            }
            (Worker::Encode(_), sys::VAEncPackedHeaderParameterBufferType) => {
                let header: sys::VAEncPackedHeaderParameterBuffer = self.structure(id, bytes)?;
                if picture.pending_packed.replace(header).is_some() {
                    self.misuse(&misuse::PACKED_UNPAIRED, || format!("buffer {id:#x}: two parameters"));
                }
            }
            (Worker::Encode(_), sys::VAEncPackedHeaderDataBufferType) => {
                let Some(header) = picture.pending_packed.take() else {
                    self.misuse(&misuse::PACKED_UNPAIRED, || {
                        format!("buffer {id:#x}: data without parameters")
                    });
                    return Err(Failure::parameter("packed header data without parameters"));
                };
                self.take_packed(context, picture, &header, bytes)?;
            }
            (Worker::Encode(_), sys::VAEncMiscParameterBufferType) => {
                self.take_misc(context, &mut picture.rate, id, bytes)?;
            }
            (Worker::Encode(_), sys::VAQMatrixBufferType) | (_, sys::VAIQMatrixBufferType) => {
                keep(&mut picture.matrix, bytes);
            }
            (_, sys::VAHuffmanTableBufferType) => keep(&mut picture.huffman, bytes),
            (Worker::Decode(_), sys::VAProbabilityBufferType) => keep(&mut picture.probability, bytes),
            (Worker::Decode(_), sys::VASliceParameterBufferType) => {
                for element in bytes.chunks(buffer.size.max(1)).take(elements) {
                    keep(picture.slices.push(), element);
                }
            }
            (Worker::Decode(_), sys::VASliceDataBufferType) => {
                // The parameters that came since the last data buffer are about this one.
                let data = picture.data.as_slice().len();
                if picture.slice_data.len() == picture.slices.as_slice().len() {
                    self.misuse(&misuse::SLICE_UNPAIRED, || {
                        format!("buffer {id:#x}: data without parameters")
                    });
                }
                picture.slice_data.resize(picture.slices.as_slice().len(), data);
                keep(picture.data.push(), bytes);
            }
            (Worker::Process | Worker::Decode(_), sys::VAProcPipelineParameterBufferType) => {
                let parameters = self.structure(id, bytes)?;
                let processing = self.processing(&parameters)?;
                picture.processing.push(processing);
            }
            // Hints that no engine here needs.
            (Worker::Process, sys::VAProcFilterParameterBufferType)
            | (
                Worker::Encode(_),
                sys::VAEncQPBufferType
                | sys::VAEncMacroblockMapBufferType
                | sys::VAEncMacroblockDisableSkipMapBufferType
                | sys::VAEncDeltaQpPerBlockBufferType
                | sys::VAContextParameterUpdateBufferType,
            ) => {}
            (worker, kind) => {
                self.misuse(&misuse::BUFFER_TYPE, || format!("buffer {id:#x} of type {kind} to {worker:?}"));
                let why = format!("buffers of type {kind} are not for this context");
                return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_BUFFERTYPE, why));
            }
        }
        Ok(())
    }

    /// A structure out of a buffer.
    pub(super) fn structure<T: sys::Plain>(&self, id: u32, bytes: &[u8]) -> Outcome<T> {
        sys::read(bytes).ok_or_else(|| {
            let seen = format!("buffer {id:#x}: {} bytes of {}", bytes.len(), size_of::<T>());
            self.misuse(&misuse::SHORT_BUFFER, || seen.clone());
            Failure::new(sys::VA_STATUS_ERROR_INVALID_BUFFER, seen)
        })
    }

    fn take_packed(
        &self,
        context: &Context,
        picture: &mut Picture,
        header: &sys::VAEncPackedHeaderParameterBuffer,
        bytes: &[u8],
    ) -> Outcome {
        // va.h: the kinds count from 1, except that of the deprecated MISC mask; the announced ones are flags.
        let announced = match header.type_ {
            sys::VAEncPackedHeaderSequence => sys::VA_ENC_PACKED_HEADER_SEQUENCE,
            sys::VAEncPackedHeaderPicture => sys::VA_ENC_PACKED_HEADER_PICTURE,
            sys::VAEncPackedHeaderSlice => sys::VA_ENC_PACKED_HEADER_SLICE,
            _ => sys::VA_ENC_PACKED_HEADER_RAW_DATA | sys::VA_ENC_PACKED_HEADER_MISC,
        };
        if context.config.packed_headers & announced == 0 {
            self.misuse(&misuse::PACKED_UNANNOUNCED, || {
                format!("kind {} of {:#x}", header.type_, context.config.packed_headers)
            });
        }
        let needed = header.bit_length.div_ceil(8) as usize;
        let Some(bytes) = bytes.get(..needed) else {
            self.misuse(&misuse::PACKED_LENGTH, || {
                format!("{} bits in {} bytes", header.bit_length, bytes.len())
            });
            return Err(Failure::parameter("a packed header is shorter than its length"));
        };
        let before_slice = picture.slices.as_slice().len();
        let packed = picture.packed.push();
        packed.kind = header.type_;
        packed.bits = header.bit_length;
        packed.has_emulation_bytes = header.has_emulation_bytes != 0;
        packed.before_slice = before_slice;
        keep(&mut packed.bytes, bytes);
        Ok(())
    }

    pub(super) fn end_picture(&self, context_id: u32) -> Outcome {
        let context = self.context(context_id)?;
        let fault = self.fault.clone().and_then(|()| self.faults(&context.config.cap.faults));
        let mut inner = context.inner();
        let spoiled = std::mem::take(&mut inner.picture.spoiled);
        let Some(target) = inner.picture.target.take() else {
            if !spoiled {
                self.misuse(&misuse::OUTSIDE_PICTURE, || format!("context {context_id:#x}"));
            }
            return Err(Failure::new(sys::VA_STATUS_ERROR_INVALID_CONTEXT, "no picture was begun"));
        };
        target.surface.pictures.fetch_sub(1, Ordering::Relaxed);
        fault?;
        if spoiled {
            return Err(Failure::new(
                sys::VA_STATUS_ERROR_OPERATION_FAILED,
                "buffers of the picture were refused",
            ));
        }
        let result = self.work(&context, &mut inner, &target);
        inner.picture.index += 1;
        result
    }
}
