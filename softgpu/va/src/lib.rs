//! A VA-API driver in software, which the real libva loads as it loads a vendor's.
//!
//! | module | what |
//! |---|---|
//! | `driver` | what libva calls: objects, pictures, faults, rules of the API |
//! | `process` | what displays have in common: setup, counters, the report at the end |
//! | `engine` | what codes pictures: H.264, HEVC, AV1, VP9, JPEG |
//! | `decode`, `vpp` | what decodes and processes them |
//! | `library` | the codec library, loaded when first needed |
//! | `objects`, `memory`, `layout`, `plane` | ids, memory, how pictures lie in it |
//! | `misuse`, `failure` | rules of the API with their sources; what entries fail with |
//! | `bits` | bit writer and reader, NAL units |
//! | `sys` | libva's structures, from the installed headers |

mod bits;
mod decode;
mod driver;
mod engine;
mod failure;
mod layout;
mod library;
mod memory;
mod misuse;
mod objects;
mod plane;
mod process;
mod sys;
mod vpp;

include!(concat!(env!("OUT_DIR"), "/init.rs"));
