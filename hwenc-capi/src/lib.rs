//! hwenc for C and C++. Everything real lives in the crate `hwenc`; here are handles, a boundary for panics and checks of pointers.

/// Version of the library: `major << 16 | minor << 8 | patch`.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_version() -> u32 {
    1 << 8
}
