//! Memory of other objects with its shape: the buffer protocol in both directions.
//!
//! Nothing is copied here. What lends memory must not be written to until the call is over that it was handed to; Python has no
//! way to see to that, so a program that does gets a torn picture.
#![allow(unsafe_code)] // slots and pointers of the buffer protocol

use std::ffi::{CStr, c_int};

use hwenc::{Code, Error};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::dlpack::Tensor;
use crate::error::raise;
use crate::layout::Shape;

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
    Buffer(#[allow(dead_code)] Buffer),
    Tensor(#[allow(dead_code)] Tensor),
}

impl Memory {
    /// The memory of an object with a buffer; `None` for one without.
    pub(crate) fn of_buffer(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        // SAFETY: a live object, and the interpreter is attached.
        if unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) } == 0 {
            return Ok(None);
        }
        let buffer = Buffer::of(object)?;
        let (start, dimensions) = (buffer.0.buf.cast_const().cast(), buffer.dimensions());
        let sample = sample(buffer.format(), buffer.0.itemsize)?;
        let shape = Shape::new(sample, &dimensions).map_err(|why| wrong(&why))?;
        let extent = shape.extent();
        Ok(Some(Memory { start, extent, shape, _lent: Lent::Buffer(buffer) }))
    }

    /// The memory of a tensor on the CPU.
    pub(crate) fn of_tensor(tensor: Tensor) -> PyResult<Self> {
        let (start, sample, dimensions) = (tensor.start(), tensor.sample()?, tensor.dimensions());
        let shape = Shape::new(sample, &dimensions).map_err(|why| wrong(&why))?;
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

/// A view of an object's buffer. `pyo3::buffer` wants strides, and ctypes has none.
struct Buffer(Box<ffi::Py_buffer>);

impl Buffer {
    fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut view = Box::new(ffi::Py_buffer::new());
        // SAFETY: a live object and a blank view, which moves no more: exporters may point into it.
        let ret = unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), &raw mut *view, ffi::PyBUF_RECORDS_RO) };
        if ret == 0 { Ok(Buffer(view)) } else { Err(PyErr::fetch(object.py())) }
    }

    /// The `struct` format of a sample.
    fn format(&self) -> &str {
        if self.0.format.is_null() {
            return "B";
        }
        // SAFETY: a terminated string, which lives as long as the view.
        unsafe { CStr::from_ptr(self.0.format) }.to_str().unwrap_or("?")
    }

    /// Lengths, and bytes from one element to the next.
    fn dimensions(&self) -> Vec<(usize, isize)> {
        let (view, size) = (&*self.0, self.0.itemsize.max(1));
        let count = usize::try_from(view.ndim).unwrap_or(0);
        if count == 0 {
            return Vec::new();
        }
        if view.shape.is_null() {
            return vec![((view.len / size).unsigned_abs(), size)];
        }
        // SAFETY: `ndim` numbers each, as the protocol says; strides may be null for memory without gaps.
        let (lengths, strides) = unsafe {
            let lengths = std::slice::from_raw_parts(view.shape, count);
            (lengths, (!view.strides.is_null()).then(|| std::slice::from_raw_parts(view.strides, count)))
        };
        dense_unless(strides, lengths.iter().map(|len| usize::try_from(*len).unwrap_or(0)), size)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: got from `PyObject_GetBuffer` and given back once, with the interpreter attached: it is dropped in the call
        // that made it.
        unsafe { ffi::PyBuffer_Release(&raw mut *self.0) };
    }
}

/// Lengths with the strides given, or with those of elements that follow each other at once.
pub(crate) fn dense_unless(
    strides: Option<&[isize]>,
    lengths: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator,
    size: isize,
) -> Vec<(usize, isize)> {
    let mut dense = size;
    let mut all: Vec<_> = lengths
        .enumerate()
        .rev()
        .map(|(i, len)| {
            let stride = strides.map_or(dense, |strides| strides[i]);
            dense = dense.saturating_mul(isize::try_from(len).unwrap_or(isize::MAX));
            (len, stride)
        })
        .collect();
    all.reverse();
    all
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
fn sample(format: &str, size: isize) -> PyResult<usize> {
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

/// The memory is no picture's.
pub(crate) fn wrong(why: &str) -> PyErr {
    raise(layout(format!("the memory holds no picture: {why}")))
}

/// What is no memory at all.
pub(crate) fn no_memory(object: &Bound<'_, PyAny>) -> PyErr {
    let name = object.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    PyTypeError::new_err(format!(
        "a picture must be an object with the buffer protocol (a NumPy array, bytes, …) or DLPack, a tuple of planes, or an \
         av.VideoFrame, not {name}; `numpy.asarray` makes an array of most images"
    ))
}
