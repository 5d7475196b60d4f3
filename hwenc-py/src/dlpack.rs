//! Tensors by DLPack, <https://dmlc.github.io/dlpack/latest/>: on the CPU, without a copy.
#![allow(unsafe_code)] // structs of C behind capsules

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

use hwenc::{Code, Error};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyCapsule};

use crate::error::raise;
use crate::memory::{dense_unless, wrong};

// dlpack.h of DLPack 1.0: `DLTensor`, `DLManagedTensor`, `DLManagedTensorVersioned`, `kDLCPU`, `kDLUInt`.
const CPU: i32 = 1;
const UNSIGNED: u8 = 1;
const MAJOR: u32 = 1;
const MOST_DIMENSIONS: usize = 64;

#[repr(C)]
struct DlTensor {
    data: *mut c_void,
    device_type: i32,
    device_id: i32,
    ndim: i32,
    code: u8,
    bits: u8,
    lanes: u16,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}

#[repr(C)]
struct Plain {
    tensor: DlTensor,
    manager: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Plain)>,
}

#[repr(C)]
struct Versioned {
    major: u32,
    minor: u32,
    manager: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Versioned)>,
    flags: u64,
    tensor: DlTensor,
}

/// A tensor that was taken out of its capsule. Its deleter is called when this is dropped, once.
pub(crate) struct Tensor(Managed);

enum Managed {
    Plain(NonNull<Plain>),
    Versioned(NonNull<Versioned>),
}

impl Tensor {
    /// The tensor of an object with `__dlpack__`; `None` for one without.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let Some(export) = object.getattr_opt("__dlpack__")? else { return Ok(None) };
        if let Some(device) = object.getattr_opt("__dlpack_device__")? {
            let (kind, _): (i32, i32) = device.call0()?.extract()?;
            check_device(kind)?;
        }
        let version = [("max_version", (MAJOR, 0))].into_py_dict(object.py())?;
        let capsule = match export.call((), Some(&version)) {
            // Before DLPack 1.0 there was no such argument.
            Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => export.call0()?,
            other => other?,
        };
        let capsule = capsule.cast_into::<PyCapsule>().map_err(|_| wrong("`__dlpack__` gave no capsule"))?;
        let tensor = Tensor::take(&capsule)?;
        check_device(tensor.get().device_type)?;
        Ok(Some(tensor))
    }

    /// The capsule is called by another name, so that it leaves the tensor to us.
    fn take(capsule: &Bound<'_, PyCapsule>) -> PyResult<Self> {
        const NAMES: [(&CStr, &CStr); 2] =
            [(c"dltensor", c"used_dltensor"), (c"dltensor_versioned", c"used_dltensor_versioned")];
        for (versioned, (name, used)) in NAMES.into_iter().enumerate() {
            if !capsule.is_valid_checked(Some(name)) {
                continue;
            }
            let pointer = capsule.pointer_checked(Some(name))?;
            // SAFETY: a live capsule; the name is static.
            if unsafe { ffi::PyCapsule_SetName(capsule.as_ptr(), used.as_ptr()) } != 0 {
                return Err(PyErr::fetch(capsule.py()));
            }
            if versioned == 0 {
                return Ok(Tensor(Managed::Plain(pointer.cast())));
            }
            let pointer = pointer.cast::<Versioned>();
            let tensor = Tensor(Managed::Versioned(pointer));
            // SAFETY: the version comes first in every version of the struct.
            let major = unsafe { (*pointer.as_ptr()).major };
            if major != MAJOR {
                return Err(wrong(&format!("it is of version {major} of DLPack")));
            }
            return Ok(tensor);
        }
        Err(wrong("`__dlpack__` gave a capsule that holds no tensor, or was used before"))
    }

    fn get(&self) -> &DlTensor {
        // SAFETY: the struct is ours until its deleter is called in `drop`, and its maker leaves it alone.
        unsafe {
            match self.0 {
                Managed::Plain(p) => &(*p.as_ptr()).tensor,
                Managed::Versioned(p) => &(*p.as_ptr()).tensor,
            }
        }
    }

    /// Where the first element is.
    pub(crate) fn start(&self) -> *const u8 {
        let tensor = self.get();
        tensor.data.cast_const().cast::<u8>().wrapping_add(tensor.byte_offset as usize)
    }

    /// Bytes of an element.
    pub(crate) fn sample(&self) -> PyResult<usize> {
        let &DlTensor { code, bits, lanes, .. } = self.get();
        match (code, bits, lanes) {
            (UNSIGNED, 8, 1) => Ok(1),
            (UNSIGNED, 16, 1) => Ok(2),
            _ => Err(raise(
                Error::new(
                    Code::PictureLayout,
                    format!(
                        "the elements of the tensor are of type {code} with {bits} bits and {lanes} lanes"
                    ),
                )
                .with_value(bits, "uint8 or uint16")
                .with_remedy("convert the tensor to uint8, or for 10 bits to uint16"),
            )),
        }
    }

    /// Lengths, and bytes from one element to the next.
    pub(crate) fn dimensions(&self) -> Vec<(usize, isize)> {
        let tensor = self.get();
        let count = usize::try_from(tensor.ndim).unwrap_or(0);
        if count == 0 || count > MOST_DIMENSIONS || tensor.shape.is_null() {
            return Vec::new();
        }
        let bytes = isize::from(tensor.bits / 8);
        // SAFETY: `ndim` numbers each, as the struct says; strides may be null for a tensor without gaps.
        let (lengths, strides) = unsafe {
            let lengths = std::slice::from_raw_parts(tensor.shape, count);
            let strides =
                (!tensor.strides.is_null()).then(|| std::slice::from_raw_parts(tensor.strides, count));
            (lengths, strides)
        };
        let strides: Option<Vec<isize>> =
            strides.map(|strides| strides.iter().map(|s| (*s as isize).saturating_mul(bytes)).collect());
        dense_unless(strides.as_deref(), lengths.iter().map(|len| usize::try_from(*len).unwrap_or(0)), bytes)
    }
}

impl Drop for Tensor {
    fn drop(&mut self) {
        // SAFETY: the struct is ours, and this is the only call of its deleter. A deleter may be null, and is called with the
        // interpreter attached, as this is dropped where it was made: in a call from Python.
        unsafe {
            match self.0 {
                Managed::Plain(p) => {
                    if let Some(delete) = (*p.as_ptr()).deleter {
                        delete(p.as_ptr());
                    }
                }
                Managed::Versioned(p) => {
                    if let Some(delete) = (*p.as_ptr()).deleter {
                        delete(p.as_ptr());
                    }
                }
            }
        }
    }
}

fn check_device(kind: i32) -> PyResult<()> {
    if kind == CPU {
        return Ok(());
    }
    let text = "the tensor lives on a device, and pictures are taken from the CPU's memory";
    let error = Error::new(Code::PictureLayout, text).with_value(kind, CPU);
    Err(raise(error.with_remedy("copy it to the CPU first, such as with `tensor.cpu()`")))
}
