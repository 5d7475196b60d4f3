//! Pointers of the client, checked for null and never followed twice.

use std::marker::PhantomData;

use crate::failure::{Failure, Outcome};

/// Where a result goes.
#[derive(Debug)]
pub(crate) struct Out<'a, T> {
    pointer: *mut T,
    scope: PhantomData<&'a mut T>,
}

impl<T> Out<'_, T> {
    /// # Safety
    /// The pointer is null or good for one value, for the scope.
    pub(crate) unsafe fn new(pointer: *mut T) -> Self {
        Self { pointer, scope: PhantomData }
    }

    /// Puts the result there.
    pub(crate) fn set(&self, value: T) -> Outcome {
        if self.pointer.is_null() {
            return Err(Failure::parameter("there is no place for the result"));
        }
        // SAFETY: it is good for one value (`new`).
        unsafe { self.pointer.write(value) };
        Ok(())
    }

    /// Puts it there if there is a place.
    pub(crate) fn offer(&self, value: T) {
        if !self.pointer.is_null() {
            // SAFETY: it is good for one value (`new`).
            unsafe { self.pointer.write(value) };
        }
    }
}

impl<T: Copy> Out<'_, T> {
    /// What the client put there.
    pub(crate) fn get(&self) -> Outcome<T> {
        if self.pointer.is_null() {
            return Err(Failure::parameter("there is no parameter"));
        }
        // SAFETY: it is good for one value (`new`).
        Ok(unsafe { self.pointer.read_unaligned() })
    }

    pub(crate) fn is_null(&self) -> bool {
        self.pointer.is_null()
    }
}

/// An array of the client's.
#[derive(Debug)]
pub(crate) struct List<'a, T> {
    pointer: *mut T,
    len: usize,
    scope: PhantomData<&'a mut T>,
}

impl<T: Copy> List<'_, T> {
    /// # Safety
    /// The pointer is null or good for `len` values, for the scope.
    pub(crate) unsafe fn new(pointer: *const T, len: impl TryInto<usize>) -> Self {
        Self { pointer: pointer.cast_mut(), len: len.try_into().unwrap_or(0), scope: PhantomData }
    }

    pub(crate) fn len(&self) -> usize {
        if self.pointer.is_null() { 0 } else { self.len }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.pointer.is_null()
    }

    /// The values one after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + '_ {
        // SAFETY: the index is within the array (`new`).
        (0..self.len()).map(|index| unsafe { self.pointer.add(index).read_unaligned() })
    }

    /// Puts a value at a place.
    pub(crate) fn put(&self, index: usize, value: T) -> Outcome {
        if index >= self.len() {
            return Err(Failure::parameter(format!("place {index} of {}", self.len())));
        }
        // SAFETY: the index is within the array (`new`).
        unsafe { self.pointer.add(index).write(value) };
        Ok(())
    }

    /// Appends all values to a vector.
    pub(crate) fn append_to(&self, out: &mut Vec<T>) {
        if self.len() > 0 {
            // SAFETY: the array is good for `len` values (`new`), and nobody else writes to it during the call.
            out.extend_from_slice(unsafe { std::slice::from_raw_parts(self.pointer, self.len) });
        }
    }
}
