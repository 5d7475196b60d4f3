//! The codec library, loaded when first needed: neither the licences of the codecs nor their start-up time touch the
//! driver before.

use std::ffi::{CStr, CString, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use softgpu_core::codec::{Codec, EncoderConfig, Kind, SYMBOL, Table, VERSION};
use softgpu_core::setup::LIB_DIR;

use crate::failure::{Failure, Outcome};
use crate::plane::{Planes, PlanesMut};

/// Name of its file.
const FILE: &str = "libsoftgpu_codec.so";

/// The functions of the codec library.
fn table() -> Outcome<&'static Table> {
    static TABLE: OnceLock<Result<&'static Table, String>> = OnceLock::new();
    TABLE.get_or_init(load).as_ref().copied().map_err(|why| Failure::encoding(why.clone()))
}

fn load() -> Result<&'static Table, String> {
    let places = places();
    let mut said = String::new();
    for path in &places {
        let name = CString::new(path.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
        // SAFETY: the name is a C string; RTLD_LOCAL keeps its symbols from the program's.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if library.is_null() {
            said.push_str(&format!(" {};", dl_error()));
            continue;
        }
        return take_table(library).map_err(|why| format!("{}: {why}", path.display()));
    }
    Err(format!("the codec library cannot be loaded:{said}"))
}

fn take_table(library: *mut c_void) -> Result<&'static Table, String> {
    let symbol = CString::new(SYMBOL).map_err(|error| error.to_string())?;
    // SAFETY: `library` was just opened and is never closed.
    let function = unsafe { libc::dlsym(library, symbol.as_ptr()) };
    if function.is_null() {
        return Err(dl_error());
    }
    // SAFETY: softgpu_core::codec says that the symbol is a function of this type.
    let function: extern "C" fn() -> *const Table = unsafe { std::mem::transmute(function) };
    // SAFETY: it returns null or a table that lives as long as the library, which is for ever; the version comes first
    // in every layout.
    let table = unsafe { function().as_ref() }.ok_or("it has no table")?;
    match table.version {
        VERSION => Ok(table),
        other => Err(format!("its table has version {other}, not {VERSION}")),
    }
}

fn dl_error() -> String {
    // SAFETY: dlerror returns null or a C string that is good until the next call on this thread.
    unsafe {
        let text = libc::dlerror();
        if text.is_null() {
            "unknown".to_owned()
        } else {
            CStr::from_ptr(text).to_string_lossy().into_owned()
        }
    }
}

/// Where it may be: where the run says, beside this library, and one directory up (from cargo's `deps`).
fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some(dir) = std::env::var_os(LIB_DIR) {
        places.push(PathBuf::from(dir).join(FILE));
    }
    if let Some(own) = own_path() {
        let own = own.canonicalize().unwrap_or(own);
        places.extend(own.ancestors().skip(1).take(2).map(|dir| dir.join(FILE)));
    }
    places
}

/// The file that this code was loaded from.
fn own_path() -> Option<PathBuf> {
    let mut info = libc::Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    // SAFETY: any address may be asked for, and `info` is ours; the name lives as long as this library.
    let name = unsafe {
        if libc::dladdr(own_path as *const c_void, &raw mut info) == 0 || info.dli_fname.is_null() {
            return None;
        }
        CStr::from_ptr(info.dli_fname)
    };
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(name.to_bytes())))
}

/// An encoder of the codec library.
#[derive(Debug)]
pub(crate) struct LibEncoder {
    table: &'static Table,
    encoder: NonNull<c_void>,
}

// SAFETY: the table's functions may be called from any thread, one at a time per object (softgpu_core::codec).
unsafe impl Send for LibEncoder {}

impl LibEncoder {
    /// Opens one.
    pub(crate) fn open(config: &EncoderConfig) -> Outcome<Self> {
        let table = table()?;
        // SAFETY: `config` is valid for the call.
        let encoder = NonNull::new(unsafe { (table.encoder_open)(config) })
            .ok_or_else(|| Failure::encoding(format!("no encoder for {:?} can be opened", config.codec)))?;
        Ok(Self { table, encoder })
    }

    /// Codes a picture at a quantiser of the codec's own scale. The planes must hold the coded size that the encoder was
    /// opened with.
    pub(crate) fn picture(&mut self, source: &Planes<'_>, kind: Kind, qp: u32) -> Outcome<&[u8]> {
        let image =
            source.image().ok_or_else(|| Failure::encoding(format!("{:?} is not coded", source.format)))?;
        let (mut data, mut len) = (ptr::null(), 0);
        // SAFETY: the encoder is open; the image's planes are valid for the call.
        let status = unsafe {
            (self.table.encoder_picture)(self.encoder.as_ptr(), &image, kind, qp, &raw mut data, &raw mut len)
        };
        if status < 0 || data.is_null() {
            return Err(Failure::encoding(format!("the codec library failed ({status})")));
        }
        // SAFETY: the library keeps `len` bytes there until the next call, which needs `&mut self`.
        Ok(unsafe { std::slice::from_raw_parts(data, len) })
    }
}

impl Drop for LibEncoder {
    fn drop(&mut self) {
        // SAFETY: it is open, and not used again.
        unsafe { (self.table.encoder_close)(self.encoder.as_ptr()) }
    }
}

/// A decoder of the codec library.
#[derive(Debug)]
pub(crate) struct LibDecoder {
    table: &'static Table,
    decoder: NonNull<c_void>,
}

// SAFETY: as for LibEncoder.
unsafe impl Send for LibDecoder {}

impl LibDecoder {
    /// Opens one.
    pub(crate) fn open(codec: Codec) -> Outcome<Self> {
        let table = table()?;
        // SAFETY: it takes any codec.
        let decoder = NonNull::new(unsafe { (table.decoder_open)(codec) })
            .ok_or_else(|| Failure::decoding(format!("no decoder for {codec:?} can be opened")))?;
        Ok(Self { table, decoder })
    }

    /// Decodes one access or temporal unit. Whether it showed a picture, which is in `target` then, as it is in a failure
    /// that speaks of damage.
    pub(crate) fn picture(&mut self, data: &[u8], target: &mut PlanesMut<'_>) -> Outcome<bool> {
        let format = target.format;
        let image =
            target.image().ok_or_else(|| Failure::decoding(format!("nothing is decoded to {format:?}")))?;
        // SAFETY: the decoder is open; data and planes are valid for the call.
        let status =
            unsafe { (self.table.decoder_picture)(self.decoder.as_ptr(), data.as_ptr(), data.len(), &image) };
        match status {
            0 => Ok(false),
            1 => Ok(true),
            2.. => Err(Failure::decoding("the picture is damaged")),
            _ => Err(Failure::decoding(format!("the codec library failed ({status})"))),
        }
    }
}

impl LibDecoder {
    /// Forgets all references.
    pub(crate) fn flush(&mut self) {
        // SAFETY: the decoder is open; without data neither data nor image is looked at.
        unsafe { (self.table.decoder_picture)(self.decoder.as_ptr(), ptr::null(), 0, ptr::null()) };
    }
}

impl Drop for LibDecoder {
    fn drop(&mut self) {
        // SAFETY: it is open, and not used again.
        unsafe { (self.table.decoder_close)(self.decoder.as_ptr()) }
    }
}

/// A colour matrix, as `AVColorSpace` numbers it, and whether the range is full.
pub(crate) type Colour = (c_int, bool);

/// Scales and converts.
pub(crate) fn scale(
    source: &Planes<'_>,
    source_colour: Colour,
    target: &mut PlanesMut<'_>,
    target_colour: Colour,
) -> Outcome {
    let table = table()?;
    let formats = (source.format, target.format);
    let (Some(source), Some(target)) = (source.image(), target.image()) else {
        return Err(Failure::parameter(format!("{:?} is not converted to {:?}", formats.0, formats.1)));
    };
    // SAFETY: the planes of both are valid for the call.
    let status = unsafe {
        (table.scale)(
            &source,
            source_colour.0,
            source_colour.1.into(),
            &target,
            target_colour.0,
            target_colour.1.into(),
        )
    };
    if status < 0 {
        return Err(Failure::new(
            crate::sys::VA_STATUS_ERROR_OPERATION_FAILED,
            format!("{:?} to {:?}: the codec library failed ({status})", formats.0, formats.1),
        ));
    }
    Ok(())
}
