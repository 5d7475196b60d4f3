//! The codecs behind the software drivers, loaded when first needed.
