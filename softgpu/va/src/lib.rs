//! A VA-API driver in software, which the real libva loads as it loads a vendor's.
//!
//! | module | what |
//! |---|---|
//! | `sys` | libva's structures, from the installed headers |
//! | `bits` | bit writer and reader, NAL units |
//! | `engine` | what codes pictures: H.264, HEVC, AV1, VP9, JPEG |
//! | `decode`, `vpp` | what decodes and processes them |
//! | `library` | the codec library, loaded when first needed |
//! | `plane`, `failure` | pictures in memory; what entries fail with |

#![allow(dead_code, unused_imports)] // until the driver uses the engines

mod bits;
mod decode;
mod engine;
mod failure;
mod library;
mod plane;
mod sys;
mod vpp;
