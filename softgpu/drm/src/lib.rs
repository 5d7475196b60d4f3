//! A preload shim that shows DRM nodes which are not there.
