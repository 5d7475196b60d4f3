//! Buffers of every type.

use std::ffi::c_void;
use std::os::fd::IntoRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pointer::{List, Out};
use super::{Call, IMAGE_BUFFER};
use crate::engine::Coded;
use crate::failure::{Failure, Outcome};
use crate::memory::Memory;
use crate::misuse;
use crate::process;
use crate::sys;

/// A buffer.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// `VABufferType`.
    pub(crate) kind: u32,
    /// Bytes of an element.
    pub(crate) size: usize,
    state: Mutex<State>,
    /// Operations that the driver works on.
    pub(crate) busy: AtomicU32,
}

/// What a buffer holds at the moment.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) elements: usize,
    pub(crate) mapped: u32,
    acquired: u32,
}

/// Where its bytes are.
#[derive(Debug)]
pub(crate) enum Store {
    Bytes(Vec<u8>),
    Coded(Box<CodedStore>),
    Image(Arc<Memory>),
}

/// A coded picture, as the client sees it.
#[derive(Debug)]
pub(crate) struct CodedStore {
    pub(crate) coded: Coded,
    pub(crate) capacity: usize,
    /// `VA_CODED_BUF_STATUS_*` beside the quantiser.
    pub(crate) status: u32,
    segment: sys::VACodedBufferSegment,
}

// SAFETY: the segment's pointers are to memory of the same object, and only clients follow them.
unsafe impl Send for CodedStore {}

/// Memory of coded buffers that were destroyed.
#[derive(Debug, Default)]
pub(super) struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    const MOST: usize = 16;

    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give(&self, mut data: Vec<u8>) {
        data.clear();
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < Self::MOST && data.capacity() > 0 {
            spare.push(data);
        }
    }
}

impl Buffer {
    /// The buffer of an image.
    pub(super) fn of_image(memory: Arc<Memory>) -> Self {
        let size = memory.len();
        Self::new(sys::VAImageBufferType, size, 1, Store::Image(memory))
    }

    fn new(kind: u32, size: usize, elements: usize, store: Store) -> Self {
        let state = Mutex::new(State { store, elements, mapped: 0, acquired: 0 });
        Self { kind, size, state, busy: AtomicU32::new(0) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The bytes of a parameter or data buffer.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.store {
            Store::Bytes(bytes) => bytes,
            Store::Coded(_) | Store::Image(_) => &[],
        }
    }
}

/// No client sends more at once; what is more is a number gone wrong.
const MOST_BYTES: usize = 1 << 30;

impl Call<'_> {
    pub(super) fn create_buffer(
        &self,
        context: u32,
        kind: u32,
        (size, elements): (u32, u32),
        data: *const c_void,
        id: &Out<'_, u32>,
    ) -> Outcome {
        // va.h lets some buffers be made without a context (filters, image processing).
        if context != sys::VA_INVALID_ID && context != 0 {
            let context = self.context(context)?;
            self.faults(&context.config.cap.faults)?;
        }
        if kind >= sys::VABufferTypeMax && kind != sys::VAImageBufferType {
            let why = format!("buffer type {kind}");
            return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_BUFFERTYPE, why));
        }
        let (size, elements) = (size as usize, elements as usize);
        let total = size.checked_mul(elements).filter(|total| *total <= MOST_BYTES);
        let Some(total) = total else {
            let why = format!("{elements} times {size} bytes");
            return Err(Failure::new(sys::VA_STATUS_ERROR_ALLOCATION_FAILED, why));
        };
        let store = if kind == sys::VAEncCodedBufferType {
            let coded = Coded { data: self.driver.spare_coded.take(), average_qp: 0 };
            let segment = sys::VACodedBufferSegment::default();
            Store::Coded(Box::new(CodedStore { coded, capacity: total, status: 0, segment }))
        } else if data.is_null() {
            Store::Bytes(vec![0; total])
        } else {
            let mut bytes = Vec::with_capacity(total);
            // SAFETY: va.h: `data` is null or holds `num_elements` of `size` bytes.
            unsafe { List::new(data.cast::<u8>(), total) }.append_to(&mut bytes);
            Store::Bytes(bytes)
        };
        let buffer = Buffer::new(kind, size, elements, store);
        id.set(self.add(&self.driver.buffers, Arc::new(buffer))?)
    }

    pub(super) fn set_num_elements(&self, id: u32, elements: u32) -> Outcome {
        let buffer = self.buffer(id)?;
        let mut state = buffer.state();
        let total = buffer.size.saturating_mul(elements as usize);
        match &mut state.store {
            Store::Bytes(bytes) if total <= MOST_BYTES => bytes.resize(total, 0),
            Store::Bytes(_) | Store::Coded(_) | Store::Image(_) => {
                let why = format!("{elements} elements of {} bytes", buffer.size);
                return Err(Failure::new(sys::VA_STATUS_ERROR_INVALID_BUFFER, why));
            }
        }
        state.elements = elements as usize;
        Ok(())
    }

    pub(super) fn map_buffer(&self, id: u32, out: &Out<'_, *mut c_void>) -> Outcome {
        let buffer = self.buffer(id)?;
        self.driver.idle.wait(&buffer.busy, u64::MAX)?;
        let mut state = buffer.state();
        if state.acquired > 0 {
            // va.h, vaAcquireBufferHandle: mapping fails so until vaReleaseBufferHandle.
            return Err(Failure::new(sys::VA_STATUS_ERROR_SURFACE_BUSY, "the buffer's handle is held"));
        }
        if state.mapped > 0 {
            self.misuse(&misuse::MAPPED_TWICE, || format!("buffer {id:#x} of type {}", buffer.kind));
        }
        let address = match &mut state.store {
            Store::Bytes(bytes) => bytes.as_mut_ptr().cast(),
            Store::Image(memory) => {
                process::one(&self.process.counters.image_maps);
                memory.address().cast()
            }
            Store::Coded(store) => {
                let CodedStore { coded, status, segment, .. } = &mut **store;
                segment.size = coded.data.len() as u32;
                segment.status = u32::from(coded.average_qp) | *status;
                segment.buf = coded.data.as_mut_ptr().cast();
                (&raw mut *segment).cast()
            }
        };
        out.set(address)?;
        state.mapped += 1;
        Ok(())
    }

    pub(super) fn unmap_buffer(&self, id: u32) -> Outcome {
        let buffer = self.buffer(id)?;
        let mut state = buffer.state();
        if state.mapped == 0 {
            self.misuse(&misuse::NOT_MAPPED, || format!("buffer {id:#x} of type {}", buffer.kind));
            return Err(Failure::new(sys::VA_STATUS_ERROR_INVALID_BUFFER, "the buffer is not mapped"));
        }
        state.mapped -= 1;
        Ok(())
    }

    pub(super) fn destroy_buffer(&self, id: u32) -> Outcome {
        let buffer = self.buffer(id)?;
        if id >> 28 == IMAGE_BUFFER {
            self.misuse(&misuse::IMAGE_BUFFER, || format!("buffer {id:#x}"));
            return Err(Failure::new(sys::VA_STATUS_ERROR_INVALID_BUFFER, "the buffer is an image's"));
        }
        let mut state = buffer.state();
        if state.mapped > 0 {
            self.misuse(&misuse::STILL_MAPPED, || {
                format!("buffer {id:#x} of type {} destroyed", buffer.kind)
            });
        } else if let Store::Coded(store) = &mut state.store {
            self.driver.spare_coded.give(std::mem::take(&mut store.coded.data));
        }
        drop(state);
        let _ = self.driver.buffers.remove(id);
        Ok(())
    }

    pub(super) fn buffer_info(
        &self,
        id: u32,
        kind: &Out<'_, u32>,
        size: &Out<'_, u32>,
        elements: &Out<'_, u32>,
    ) -> Outcome {
        let buffer = self.buffer(id)?;
        kind.offer(buffer.kind);
        size.offer(buffer.size as u32);
        elements.offer(buffer.state().elements as u32);
        Ok(())
    }

    pub(super) fn acquire_buffer_handle(&self, id: u32, info: &Out<'_, sys::VABufferInfo>) -> Outcome {
        let buffer = self.buffer(id)?;
        let mut wanted = info.get()?;
        let mut state = buffer.state();
        let Store::Image(memory) = &state.store else {
            let why = format!("buffers of type {} have no handle", buffer.kind);
            return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_BUFFERTYPE, why));
        };
        const PRIME: u32 = sys::VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME;
        if wanted.mem_type != 0 && wanted.mem_type & PRIME == 0 {
            let why = format!("memory type {:#x}", wanted.mem_type);
            return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_MEMORY_TYPE, why));
        }
        let failed = |error: std::io::Error| {
            Failure::new(sys::VA_STATUS_ERROR_OPERATION_FAILED, format!("export: {error}"))
        };
        let size = memory.len();
        let fd = memory.export().map_err(failed)?;
        wanted.handle = fd.into_raw_fd() as usize;
        wanted.type_ = buffer.kind;
        wanted.mem_type = PRIME;
        wanted.mem_size = size;
        info.set(wanted)?;
        state.acquired += 1;
        process::one(&self.process.counters.exports);
        Ok(())
    }

    pub(super) fn release_buffer_handle(&self, id: u32) -> Outcome {
        let buffer = self.buffer(id)?;
        let mut state = buffer.state();
        if state.acquired == 0 {
            return Err(Failure::new(sys::VA_STATUS_ERROR_INVALID_BUFFER, "the buffer's handle is not held"));
        }
        state.acquired -= 1;
        Ok(())
    }
}

/// Marks something as being worked on, for those who wait for it.
#[derive(Debug)]
pub(super) struct Busy<'a> {
    call: &'a Call<'a>,
    count: &'a AtomicU32,
}

impl<'a> Busy<'a> {
    pub(super) fn new(call: &'a Call<'a>, count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self { call, count }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
        self.call.driver.idle.changed();
    }
}
