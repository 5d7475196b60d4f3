//! Memory of other objects with its shape: the buffer protocol in both directions.
//!
//! Nothing is copied here. What lends memory must not be written to until the call is over that it was handed to; Python has no
//! way to see to that, so a program that does gets a torn picture.
#![allow(unsafe_code)] // slots and pointers of the buffer protocol

use std::ffi::c_int;

use hwenc::{Code, Error};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::dlpack::Tensor;
use crate::error::raise;
use crate::layout::{MOST_DIMENSIONS, Shape};

/// Memory that is held as long as this.
pub(crate) struct Memory {
    start: *const u8,
    /// Bytes from `start` to the end of the last sample; 0 where something runs backwards.
    extent: usize,
    shape: Shape,
    _lent: Lent,
}

/// Who keeps it.
enum Lent {
    Buffer(#[allow(dead_code)] PyUntypedBuffer),
    Tensor(#[allow(dead_code)] Tensor),
}

impl Memory {
    /// The memory of an object with a buffer; `None` for one without.
    pub(crate) fn of_buffer(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        // SAFETY: a live object, and the interpreter is attached.
        if unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) } == 0 {
            return Ok(None);
        }
        let buffer = PyUntypedBuffer::get(object)?;
        if buffer.suboffsets().is_some_and(|offsets| offsets.iter().any(|offset| *offset >= 0)) {
            return Err(wrong("its rows are pointers to others"));
        }
        let format = buffer.format().to_str().unwrap_or("?");
        let sample = sample(format, buffer.item_size())?;
        let shape = Shape::new(sample, buffer.shape().iter().copied().zip(buffer.strides().iter().copied()))
            .ok_or_else(|| too_many(buffer.dimensions()))?;
        let (start, extent) = (buffer.buf_ptr().cast_const().cast(), shape.extent());
        Ok(Some(Memory { start, extent, shape, _lent: Lent::Buffer(buffer) }))
    }

    /// The memory of a tensor on the CPU.
    pub(crate) fn of_tensor(tensor: Tensor) -> PyResult<Self> {
        let (start, sample, dimensions) = (tensor.start(), tensor.sample()?, tensor.dimensions());
        let count = dimensions.len();
        let shape = Shape::new(sample, dimensions.into_iter()).ok_or_else(|| too_many(count))?;
        let extent = shape.extent();
        if extent > 0 && start.is_null() {
            return Err(wrong("it has no memory"));
        }
        Ok(Memory { start, extent, shape, _lent: Lent::Tensor(tensor) })
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// At most `len` bytes from `at`, fewer where the memory ends before.
    pub(crate) fn bytes(&self, at: usize, len: usize) -> &[u8] {
        let at = at.min(self.extent);
        let len = len.min(self.extent - at);
        if len == 0 {
            return &[];
        }
        // SAFETY: the owner lends every sample of the shape until `_lent` is dropped, and with no stride below zero `extent`
        // ends with the last of them. That nobody writes to it meanwhile is asked of the caller (see above).
        unsafe { std::slice::from_raw_parts(self.start.add(at), len) }
    }
}

/// Lends `bytes`, which `owner` keeps, to whoever asked with `flags`; they cannot be written to.
///
/// # Safety
/// `view` must be what the interpreter gave to `bf_getbuffer`, and `bytes` must stay where they are as long as `owner` lives.
pub(crate) unsafe fn lend(
    owner: &Bound<'_, PyAny>,
    bytes: &[u8],
    view: *mut ffi::Py_buffer,
    flags: c_int,
) -> PyResult<()> {
    const READ_ONLY: c_int = 1;
    let (start, len) = (bytes.as_ptr().cast_mut().cast(), bytes.len() as ffi::Py_ssize_t);
    // SAFETY: as above; the function takes the reference to the owner that keeps the bytes, and refuses a writer.
    let ret = unsafe { ffi::PyBuffer_FillInfo(view, owner.as_ptr(), start, len, READ_ONLY, flags) };
    if ret == 0 { Ok(()) } else { Err(PyErr::fetch(owner.py())) }
}

/// Bytes of a sample, of a `struct` format: unsigned and of this machine's byte order.
fn sample(format: &str, size: usize) -> PyResult<usize> {
    let (foreign, kind) = match format.as_bytes() {
        [b'@' | b'=', kind @ ..] => (false, kind),
        [b'<', kind @ ..] => (cfg!(target_endian = "big"), kind),
        [b'>' | b'!', kind @ ..] => (cfg!(target_endian = "little"), kind),
        kind => (false, kind),
    };
    match (kind, size) {
        (b"B" | b"c", 1) => Ok(1),
        (b"H", 2) if !foreign => Ok(2),
        (b"H", 2) => Err(raise(
            layout("the samples have the other byte order")
                .with_remedy("`array.astype(numpy.uint16)` puts them in this machine's"),
        )),
        _ => Err(raise(
            layout(format!("the samples are of type `{format}` with {size} bytes"))
                .with_value(format, "B or H: uint8 or uint16")
                .with_remedy("convert the array to uint8, or for 10 bits to uint16"),
        )),
    }
}

fn layout(message: impl Into<String>) -> Error {
    Error::new(Code::PictureLayout, message)
}

fn too_many(dimensions: usize) -> PyErr {
    wrong(&format!("it has {dimensions} dimensions, and pictures have 1 to {MOST_DIMENSIONS}"))
}

/// The memory is no picture's.
pub(crate) fn wrong(why: &str) -> PyErr {
    raise(layout(format!("the memory holds no picture: {why}")))
}

/// What is no memory at all.
pub(crate) fn no_memory(object: &Bound<'_, PyAny>) -> PyErr {
    let name = object.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    PyTypeError::new_err(format!(
        "a picture must be an object with the buffer protocol (a NumPy array, bytes, …) or DLPack, a tuple of planes, or an \
         av.VideoFrame, not {name}"
    ))
}
