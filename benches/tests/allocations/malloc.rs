//! Every call for heap memory in this process, counted: C's allocator is interposed here, and Rust's goes through it.
//!
//! Here and not in the crate's `ffi`: whatever links these symbols counts, and the timings must not.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

static ALL: AtomicU64 = AtomicU64::new(0);
static RUST: AtomicU64 = AtomicU64::new(0);

/// Calls for memory since the process began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// All of them: libav's, the encoder's, Rust's.
    pub(crate) all: u64,
    /// Those of Rust code.
    pub(crate) rust: u64,
}

impl Count {
    /// Up to now.
    pub(crate) fn now() -> Self {
        Count { all: ALL.load(Ordering::SeqCst), rust: RUST.load(Ordering::SeqCst) }
    }

    /// From `earlier` to this.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Count { all: self.all - earlier.all, rust: self.rust - earlier.rust }
    }
}

// glibc exports its own allocator under these names too; `free` stays glibc's, which knows what they return.
unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(old: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
}

fn count() {
    ALL.fetch_add(1, Ordering::Relaxed);
}

// SAFETY: the executable's definition goes before libc's, as C allows for an allocator that replaces all of these; it
// does what libc's does.
#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    count();
    // SAFETY: any size.
    unsafe { __libc_malloc(size) }
}

// SAFETY: as for `malloc`.
#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(number: usize, size: usize) -> *mut c_void {
    count();
    // SAFETY: any sizes.
    unsafe { __libc_calloc(number, size) }
}

// SAFETY: as for `malloc`.
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    count();
    // SAFETY: the caller's pointer came from one of these.
    unsafe { __libc_realloc(old, size) }
}

// SAFETY: as for `malloc`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
    count();
    // SAFETY: the caller's alignment.
    unsafe { __libc_memalign(align, size) }
}

// SAFETY: as for `malloc`.
#[unsafe(no_mangle)]
unsafe extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    count();
    // SAFETY: the caller's alignment.
    unsafe { __libc_memalign(align, size) }
}

// SAFETY: as for `malloc`.
#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int {
    count();
    // SAFETY: the caller's alignment, which POSIX wants to be a power of two and a multiple of a pointer's size.
    let memory = unsafe { __libc_memalign(align, size) };
    if memory.is_null() {
        return nix::libc::ENOMEM;
    }
    // SAFETY: the caller's place for the result.
    unsafe { ptr::write(out, memory) };
    0
}

/// Rust's allocator, which is C's, with a count of its own.
struct Counting;

// SAFETY: passes everything on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        RUST.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        RUST.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's layout.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        RUST.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's pointer, layout and size.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller's pointer and layout.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;
