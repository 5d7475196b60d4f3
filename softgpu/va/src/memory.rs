//! Memory of surfaces and images: private until it is exported, then a memfd at the same address; where the kernel has
//! `/dev/udmabuf`, its pages are handed out as a real DMA-BUF.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

/// Mapped memory. The client may have its address and write to it at any time, as with a GPU's.
#[derive(Debug)]
pub(crate) struct Memory {
    start: NonNull<u8>,
    len: usize,
    writable: bool,
    fd: Mutex<Option<OwnedFd>>,
}

// SAFETY: it is an address range that stays mapped as long as this object; access through it is the users' affair.
unsafe impl Send for Memory {}
// SAFETY: likewise; the descriptor is behind a mutex.
unsafe impl Sync for Memory {}

fn map(address: *mut u8, len: usize, prot: i32, flags: i32, fd: i32) -> io::Result<NonNull<u8>> {
    // SAFETY: without MAP_FIXED the kernel picks free addresses; with it, the caller owns the range.
    let start = unsafe { libc::mmap(address.cast(), len, prot, flags, fd, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at 0"))
}

const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;

/// `struct udmabuf_create` of the kernel's linux/udmabuf.h.
#[repr(C)]
struct UdmabufCreate {
    memfd: u32,
    flags: u32,
    offset: u64,
    size: u64,
}

/// `UDMABUF_CREATE`: `_IOW('u', 0x42, struct udmabuf_create)`.
const UDMABUF_CREATE: libc::c_ulong =
    1 << 30 | (size_of::<UdmabufCreate>() as libc::c_ulong) << 16 | 0x75 << 8 | 0x42;
/// `UDMABUF_FLAGS_CLOEXEC`.
const UDMABUF_CLOEXEC: u32 = 1;

/// The pages of a memfd as a DMA-BUF, which other devices of the kernel take; `None` where it has no udmabuf.
fn dma_buf(memfd: &File, size: usize) -> Option<OwnedFd> {
    let device = File::options().read(true).write(true).open("/dev/udmabuf").ok()?;
    let memfd = memfd.as_raw_fd().cast_unsigned();
    let create = UdmabufCreate { memfd, flags: UDMABUF_CLOEXEC, offset: 0, size: size as u64 };
    // SAFETY: the kernel reads the structure during the call and gives a new descriptor or a negative number.
    let fd = unsafe { libc::ioctl(device.as_raw_fd(), UDMABUF_CREATE as _, &raw const create) };
    // SAFETY: it was just made and belongs to nobody else.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

impl Memory {
    /// New memory, zero; the kernel gives the pages when they are touched.
    pub(crate) fn new(len: usize) -> io::Result<Self> {
        let len = len.max(1).next_multiple_of(4096);
        let start = map(ptr::null_mut(), len, READ_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
        Ok(Self { start, len, writable: true, fd: Mutex::new(None) })
    }

    /// The memory behind somebody else's descriptor, which stays theirs. At least `needed` bytes must be there.
    pub(crate) fn import(fd: BorrowedFd<'_>, needed: usize) -> io::Result<Self> {
        let fd = fd.try_clone_to_owned()?;
        // SAFETY: seeking touches no memory; DMA-BUFs answer it with their size, as files do.
        let size = unsafe { libc::lseek(fd.as_raw_fd(), 0, libc::SEEK_END) };
        let size = usize::try_from(size).map_err(|_| io::Error::last_os_error())?;
        if size < needed || size == 0 {
            let kind = io::ErrorKind::InvalidInput;
            return Err(io::Error::new(kind, format!("{needed} bytes are described, {size} are there")));
        }
        let raw = fd.as_raw_fd();
        let (start, writable) = match map(ptr::null_mut(), size, READ_WRITE, libc::MAP_SHARED, raw) {
            Ok(start) => (start, true),
            Err(_) => (map(ptr::null_mut(), size, libc::PROT_READ, libc::MAP_SHARED, raw)?, false),
        };
        Ok(Self { start, len: size, writable, fd: Mutex::new(Some(fd)) })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether it can be written; an import can be read-only.
    pub(crate) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Its address, for the client.
    pub(crate) fn address(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Whether others may have it.
    pub(crate) fn is_shared(&self) -> bool {
        self.fd.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// A new descriptor of it. The first one moves the memory into a memfd, at the same address.
    pub(crate) fn export(&self) -> io::Result<OwnedFd> {
        let mut fd = self.fd.lock().unwrap_or_else(PoisonError::into_inner);
        let own = match &mut *fd {
            Some(own) => own,
            none => none.insert(self.move_to_memfd()?),
        };
        own.try_clone()
    }

    fn move_to_memfd(&self) -> io::Result<OwnedFd> {
        // SAFETY: the name is a C string.
        let fd =
            unsafe { libc::memfd_create(c"softgpu".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was just made and belongs to nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let file = File::from(fd);
        file.set_len(self.len as u64)?;
        // SAFETY: the range is mapped and readable; write(2) reads it on the kernel's side.
        let bytes = unsafe { self.bytes() };
        std::os::unix::fs::FileExt::write_all_at(&file, bytes, 0)?;
        // A client that shrank it would make every reader of it die (SIGBUS).
        // SAFETY: fcntl on our descriptor.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, libc::F_SEAL_SHRINK) };
        map(self.start.as_ptr(), self.len, READ_WRITE, libc::MAP_SHARED | libc::MAP_FIXED, file.as_raw_fd())?;
        Ok(dma_buf(&file, self.len).unwrap_or_else(|| file.into()))
    }

    /// All of it, to read.
    ///
    /// # Safety
    /// Nobody of this driver writes to it meanwhile (the surface's lock). That clients do not is theirs to see to, as it
    /// is with a GPU: pixels then are torn, and nothing but their values depends on them.
    pub(crate) unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: the range is mapped as long as `self`; the caller keeps writers away.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the range is ours, and nobody has this object any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    impl Memory {
        /// # Safety
        /// Nobody else has the memory.
        #[expect(clippy::mut_from_ref, reason = "the memory is the kernel's")]
        unsafe fn bytes_mut(&self) -> Option<&mut [u8]> {
            // SAFETY: the range is mapped as long as `self`; the caller keeps others away.
            self.writable.then(|| unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) })
        }
    }

    #[test]
    fn exported_memory_is_the_same_memory() {
        let memory = Memory::new(10_000).expect("memory");
        // SAFETY: no other thread has it.
        unsafe { memory.bytes_mut().expect("writable")[5000] = 7 };
        let before = memory.address();
        let fd = memory.export().expect("exported");
        assert_eq!(memory.address(), before);
        let other = Memory::import(fd.as_fd(), 10_000).expect("imported");
        // SAFETY: no other thread has them.
        unsafe {
            assert_eq!(other.bytes()[5000], 7);
            other.bytes_mut().expect("writable")[9999] = 9;
            assert_eq!(memory.bytes()[9999], 9);
        }
    }

    #[test]
    fn less_memory_than_described_is_refused() {
        let fd = Memory::new(4096).expect("memory").export().expect("exported");
        let error = Memory::import(fd.as_fd(), 4097).expect_err("too small").to_string();
        assert!(error.contains("4097") && error.contains("4096"), "{error}");
    }

    #[test]
    fn a_read_only_import_is_known_to_be_one() {
        let path = std::env::temp_dir().join(format!("softgpu-ro-{}", std::process::id()));
        std::fs::write(&path, [3; 4096]).expect("written");
        let file = File::open(&path).expect("opened");
        std::fs::remove_file(&path).expect("removed");
        let memory = Memory::import(file.as_fd(), 4096).expect("imported");
        // SAFETY: no other thread has it.
        unsafe { assert!(!memory.is_writable() && memory.bytes_mut().is_none() && memory.bytes()[0] == 3) };
    }
}
