//! The entries of the drivers: what faults are set on and what reports count.

/// Declares an enum of entries with the names that rules and reports use.
macro_rules! entries {
    ($(#[$meta:meta])* $name:ident, $family:literal: $($entry:ident)*) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, non_camel_case_types)] // the names are the API's own
        pub enum $name { $($entry),* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [$name] = &[$($name::$entry),*];
            /// Their names, in the same order.
            pub const NAMES: &'static [&'static str] = &[$(concat!($family, ".", stringify!($entry))),*];

            /// Its name, as rules and reports have it.
            pub fn name(self) -> &'static str {
                Self::NAMES[self as usize]
            }
        }
    };
}

entries! {
    /// Entries of the VA-API driver: the API's function without `va`; `Initialize` is the driver's own start.
    Va, "va":
    Initialize Terminate QueryConfigProfiles QueryConfigEntrypoints GetConfigAttributes CreateConfig DestroyConfig
    QueryConfigAttributes CreateSurfaces DestroySurfaces CreateContext DestroyContext CreateBuffer
    BufferSetNumElements MapBuffer UnmapBuffer DestroyBuffer BeginPicture RenderPicture EndPicture SyncSurface
    QuerySurfaceStatus QuerySurfaceError PutSurface QueryImageFormats CreateImage DeriveImage DestroyImage
    SetImagePalette GetImage PutImage QuerySubpictureFormats CreateSubpicture DestroySubpicture SetSubpictureImage
    SetSubpictureChromakey SetSubpictureGlobalAlpha AssociateSubpicture DeassociateSubpicture QueryDisplayAttributes
    GetDisplayAttributes SetDisplayAttributes BufferInfo LockSurface UnlockSurface CreateSurfaces2
    QuerySurfaceAttributes AcquireBufferHandle ReleaseBufferHandle CreateMFContext MFAddContext MFReleaseContext
    MFSubmit CreateBuffer2 QueryProcessingRate ExportSurfaceHandle SyncSurface2 SyncBuffer Copy MapBuffer2
    QueryVideoProcFilters QueryVideoProcFilterCaps QueryVideoProcPipelineCaps
}

entries! {
    /// What the preload shim fakes.
    Drm, "drm":
    open ioctl
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api() {
        assert_eq!(Va::EndPicture.name(), "va.EndPicture");
        assert_eq!(Va::QueryVideoProcPipelineCaps.name(), "va.QueryVideoProcPipelineCaps");
        assert_eq!(Drm::open.name(), "drm.open");
        for (at, entry) in Va::ALL.iter().enumerate() {
            assert_eq!(*entry as usize, at);
        }
    }
}
