//! The functions that libva calls.

use std::ffi::{c_int, c_short, c_uchar, c_uint, c_ushort, c_void};

use softgpu_core::entry::Va;

use super::images::Area;
use super::pointer::{List, Out};
use super::{Call, enter, terminate};
use crate::failure::{Failure, Outcome};
use crate::sys::{
    VABufferID, VABufferInfo, VABufferType, VAConfigAttrib, VAConfigID, VAContextID, VADisplayAttribute,
    VADriverContext, VAEntrypoint, VAImage, VAImageFormat, VAImageID, VAProcFilterType, VAProcPipelineCaps,
    VAProfile, VARectangle, VAStatus, VASubpictureID, VASurfaceAttrib, VASurfaceID, VASurfaceStatus,
};
use crate::{sys, vpp};

/// Declares a function of the table. The body runs as a [`Call`]; the pointers in it are the client's.
macro_rules! entry {
    ($function:ident, $entry:ident, ($($arg:ident: $type:ty),*), |$call:ident| $body:expr) => {
        unsafe extern "C" fn $function(ctx: *mut VADriverContext, $($arg: $type),*) -> VAStatus {
            // SAFETY: libva passes the context of a started display, and the client's pointers, which are null or good
            // for what va.h says of them.
            unsafe { enter(ctx, Va::$entry, |$call| $body) }
        }
    };
}

/// Functions that the driver has no use for.
macro_rules! refuse {
    ($($function:ident, $entry:ident, ($($arg:ident: $type:ty),*);)*) => {
        $(entry!($function, $entry, ($($arg: $type),*), |_call| {
            $(let _ = $arg;)*
            Err(Failure::unimplemented("the device does not have this"))
        });)*
    };
}

unsafe extern "C" fn va_terminate(ctx: *mut VADriverContext) -> VAStatus {
    // SAFETY: libva calls it once, last.
    unsafe { terminate(ctx) }
}

entry!(query_config_profiles, QueryConfigProfiles, (list: *mut VAProfile, count: *mut c_int), |call| {
    call.query_config_profiles(list, &Out::new(count))
});
entry!(
    query_config_entrypoints,
    QueryConfigEntrypoints,
    (profile: VAProfile, list: *mut VAEntrypoint, count: *mut c_int),
    |call| call.query_config_entrypoints(profile, list, &Out::new(count))
);
entry!(
    get_config_attributes,
    GetConfigAttributes,
    (profile: VAProfile, entrypoint: VAEntrypoint, list: *mut VAConfigAttrib, count: c_int),
    |call| call.get_config_attributes(profile, entrypoint, &List::new(list, count))
);
entry!(
    create_config,
    CreateConfig,
    (profile: VAProfile, entrypoint: VAEntrypoint, list: *mut VAConfigAttrib, count: c_int, id: *mut VAConfigID),
    |call| call.create_config(profile, entrypoint, &List::new(list, count), &Out::new(id))
);
entry!(destroy_config, DestroyConfig, (id: VAConfigID), |call| call.destroy_config(id));
entry!(
    query_config_attributes,
    QueryConfigAttributes,
    (
        id: VAConfigID,
        profile: *mut VAProfile,
        entrypoint: *mut VAEntrypoint,
        list: *mut VAConfigAttrib,
        count: *mut c_int
    ),
    |call| call.query_config_attributes(id, &Out::new(profile), &Out::new(entrypoint), list, &Out::new(count))
);
entry!(
    create_surfaces,
    CreateSurfaces,
    (width: c_int, height: c_int, format: c_int, count: c_int, ids: *mut VASurfaceID),
    |call| {
        let size = (width.max(0).cast_unsigned(), height.max(0).cast_unsigned());
        call.create_surfaces(format.cast_unsigned(), size, &List::new(ids, count), &List::new(std::ptr::null(), 0))
    }
);
entry!(
    create_surfaces2,
    CreateSurfaces2,
    (
        format: c_uint,
        width: c_uint,
        height: c_uint,
        ids: *mut VASurfaceID,
        count: c_uint,
        attributes: *mut VASurfaceAttrib,
        attribute_count: c_uint
    ),
    |call| {
        let attributes = List::new(attributes, attribute_count);
        call.create_surfaces(format, (width, height), &List::new(ids, count), &attributes)
    }
);
entry!(destroy_surfaces, DestroySurfaces, (ids: *mut VASurfaceID, count: c_int), |call| {
    call.destroy_surfaces(&List::new(ids, count))
});
entry!(
    create_context,
    CreateContext,
    (
        config: VAConfigID,
        width: c_int,
        height: c_int,
        _flag: c_int,
        targets: *mut VASurfaceID,
        count: c_int,
        id: *mut VAContextID
    ),
    |call| call.create_context(config, (width, height), &List::new(targets, count), &Out::new(id))
);
entry!(destroy_context, DestroyContext, (id: VAContextID), |call| call.destroy_context(id));
entry!(
    create_buffer,
    CreateBuffer,
    (
        context: VAContextID,
        kind: VABufferType,
        size: c_uint,
        elements: c_uint,
        data: *mut c_void,
        id: *mut VABufferID
    ),
    |call| call.create_buffer(context, kind, (size, elements), data, &Out::new(id))
);
entry!(set_num_elements, BufferSetNumElements, (id: VABufferID, elements: c_uint), |call| {
    call.set_num_elements(id, elements)
});
entry!(map_buffer, MapBuffer, (id: VABufferID, out: *mut *mut c_void), |call| call.map_buffer(id, &Out::new(out)));
#[cfg(map_buffer2)]
entry!(map_buffer2, MapBuffer2, (id: VABufferID, out: *mut *mut c_void, _flags: u32), |call| {
    call.map_buffer(id, &Out::new(out))
});
entry!(unmap_buffer, UnmapBuffer, (id: VABufferID), |call| call.unmap_buffer(id));
entry!(destroy_buffer, DestroyBuffer, (id: VABufferID), |call| call.destroy_buffer(id));
entry!(begin_picture, BeginPicture, (context: VAContextID, target: VASurfaceID), |call| {
    call.begin_picture(context, target)
});
entry!(
    render_picture,
    RenderPicture,
    (context: VAContextID, buffers: *mut VABufferID, count: c_int),
    |call| call.render_picture(context, &List::new(buffers, count))
);
entry!(end_picture, EndPicture, (context: VAContextID), |call| call.end_picture(context));
entry!(sync_surface, SyncSurface, (id: VASurfaceID), |call| call.sync_surface(id, u64::MAX));
entry!(sync_surface2, SyncSurface2, (id: VASurfaceID, ns: u64), |call| call.sync_surface(id, ns));
entry!(sync_buffer, SyncBuffer, (id: VABufferID, ns: u64), |call| call.sync_buffer(id, ns));
entry!(query_surface_status, QuerySurfaceStatus, (id: VASurfaceID, status: *mut VASurfaceStatus), |call| {
    call.query_surface_status(id, &Out::new(status))
});
entry!(query_image_formats, QueryImageFormats, (list: *mut VAImageFormat, count: *mut c_int), |call| {
    call.query_image_formats(list, &Out::new(count))
});
entry!(
    create_image,
    CreateImage,
    (format: *mut VAImageFormat, width: c_int, height: c_int, image: *mut VAImage),
    |call| call.create_image(&Out::new(format), width, height, &Out::new(image))
);
entry!(derive_image, DeriveImage, (surface: VASurfaceID, image: *mut VAImage), |call| {
    call.derive_image(surface, &Out::new(image))
});
entry!(destroy_image, DestroyImage, (id: VAImageID), |call| call.destroy_image(id));
entry!(
    get_image,
    GetImage,
    (surface: VASurfaceID, x: c_int, y: c_int, width: c_uint, height: c_uint, image: VAImageID),
    |call| call.get_image(surface, Area { x, y, width, height }, image)
);
entry!(
    put_image,
    PutImage,
    (
        surface: VASurfaceID,
        image: VAImageID,
        src_x: c_int,
        src_y: c_int,
        src_width: c_uint,
        src_height: c_uint,
        dest_x: c_int,
        dest_y: c_int,
        dest_width: c_uint,
        dest_height: c_uint
    ),
    |call| {
        let from = Area { x: src_x, y: src_y, width: src_width, height: src_height };
        let to = Area { x: dest_x, y: dest_y, width: dest_width, height: dest_height };
        call.put_image(surface, image, from, to)
    }
);
entry!(
    query_subpicture_formats,
    QuerySubpictureFormats,
    (_list: *mut VAImageFormat, _flags: *mut c_uint, count: *mut c_uint),
    |_call| Out::new(count).set(0)
);
entry!(
    query_display_attributes,
    QueryDisplayAttributes,
    (list: *mut VADisplayAttribute, count: *mut c_int),
    |call| call.query_display_attributes(list, &Out::new(count))
);
entry!(get_display_attributes, GetDisplayAttributes, (list: *mut VADisplayAttribute, count: c_int), |call| {
    call.get_display_attributes(&List::new(list, count))
});
entry!(
    buffer_info,
    BufferInfo,
    (id: VABufferID, kind: *mut VABufferType, size: *mut c_uint, elements: *mut c_uint),
    |call| call.buffer_info(id, &Out::new(kind), &Out::new(size), &Out::new(elements))
);
entry!(
    query_surface_attributes,
    QuerySurfaceAttributes,
    (config: VAConfigID, list: *mut VASurfaceAttrib, count: *mut c_uint),
    |call| call.query_surface_attributes(config, list, &Out::new(count))
);
entry!(acquire_buffer_handle, AcquireBufferHandle, (id: VABufferID, info: *mut VABufferInfo), |call| {
    call.acquire_buffer_handle(id, &Out::new(info))
});
entry!(release_buffer_handle, ReleaseBufferHandle, (id: VABufferID), |call| call.release_buffer_handle(id));
entry!(
    export_surface_handle,
    ExportSurfaceHandle,
    (id: VASurfaceID, memory: u32, flags: u32, descriptor: *mut c_void),
    |call| call.export_surface(id, memory, flags, &Out::new(descriptor.cast()))
);
entry!(
    query_video_proc_filters,
    QueryVideoProcFilters,
    (context: VAContextID, list: *mut VAProcFilterType, count: *mut c_uint),
    |call| {
        call.context(context)?;
        fill_list(list, &Out::new(count), vpp::filters())
    }
);
entry!(
    query_video_proc_filter_caps,
    QueryVideoProcFilterCaps,
    (context: VAContextID, filter: VAProcFilterType, caps: *mut c_void, count: *mut c_uint),
    |call| call.filter_caps(context, filter, caps.cast(), &Out::new(count))
);
entry!(
    query_video_proc_pipeline_caps,
    QueryVideoProcPipelineCaps,
    (context: VAContextID, _filters: *mut VABufferID, _count: c_uint, caps: *mut VAProcPipelineCaps),
    |call| {
        call.context(context)?;
        let out = Out::new(caps);
        let mut caps = out.get()?;
        vpp::pipeline_caps(&mut caps);
        out.set(caps)
    }
);

refuse! {
    query_surface_error, QuerySurfaceError, (id: VASurfaceID, status: VAStatus, info: *mut *mut c_void);
    put_surface, PutSurface, (
        id: VASurfaceID, draw: *mut c_void, sx: c_short, sy: c_short, sw: c_ushort, sh: c_ushort, dx: c_short,
        dy: c_short, dw: c_ushort, dh: c_ushort, clips: *mut VARectangle, count: c_uint, flags: c_uint
    );
    set_image_palette, SetImagePalette, (id: VAImageID, palette: *mut c_uchar);
    create_subpicture, CreateSubpicture, (image: VAImageID, id: *mut VASubpictureID);
    destroy_subpicture, DestroySubpicture, (id: VASubpictureID);
    set_subpicture_image, SetSubpictureImage, (id: VASubpictureID, image: VAImageID);
    set_subpicture_chromakey, SetSubpictureChromakey, (id: VASubpictureID, min: c_uint, max: c_uint, mask: c_uint);
    set_subpicture_global_alpha, SetSubpictureGlobalAlpha, (id: VASubpictureID, alpha: f32);
    associate_subpicture, AssociateSubpicture, (
        id: VASubpictureID, surfaces: *mut VASurfaceID, count: c_int, sx: c_short, sy: c_short, sw: c_ushort,
        sh: c_ushort, dx: c_short, dy: c_short, dw: c_ushort, dh: c_ushort, flags: c_uint
    );
    deassociate_subpicture, DeassociateSubpicture, (id: VASubpictureID, surfaces: *mut VASurfaceID, count: c_int);
    set_display_attributes, SetDisplayAttributes, (list: *mut VADisplayAttribute, count: c_int);
    lock_surface, LockSurface, (
        id: VASurfaceID, fourcc: *mut c_uint, ls: *mut c_uint, us: *mut c_uint, vs: *mut c_uint, lo: *mut c_uint,
        uo: *mut c_uint, vo: *mut c_uint, name: *mut c_uint, buffer: *mut *mut c_void
    );
    unlock_surface, UnlockSurface, (id: VASurfaceID);
    create_mf_context, CreateMFContext, (id: *mut sys::VAMFContextID);
    mf_add_context, MFAddContext, (id: sys::VAMFContextID, context: VAContextID);
    mf_release_context, MFReleaseContext, (id: sys::VAMFContextID, context: VAContextID);
    mf_submit, MFSubmit, (id: sys::VAMFContextID, contexts: *mut VAContextID, count: c_int);
    create_buffer2, CreateBuffer2, (
        context: VAContextID, kind: VABufferType, width: c_uint, height: c_uint, unit: *mut c_uint,
        pitch: *mut c_uint, id: *mut VABufferID
    );
    query_processing_rate, QueryProcessingRate, (
        config: VAConfigID, parameters: *mut sys::VAProcessingRateParameter, rate: *mut c_uint
    );
    copy, Copy, (target: *mut sys::VACopyObject, source: *mut sys::VACopyObject, option: sys::VACopyOption);
}

/// Gives a list, or says how long it is.
fn fill_list<T: Copy>(list: *mut T, count: &Out<'_, u32>, values: &[T]) -> Outcome {
    let room = count.get()? as usize;
    count.set(values.len() as u32)?;
    if room < values.len() {
        let why = format!("{} values, room for {room}", values.len());
        return Err(Failure::new(sys::VA_STATUS_ERROR_MAX_NUM_EXCEEDED, why));
    }
    // SAFETY: the client says that there is room for so many.
    let list = unsafe { List::new(list, room) };
    for (at, value) in values.iter().enumerate() {
        list.put(at, *value)?;
    }
    Ok(())
}

impl Call<'_> {
    fn filter_caps(&self, context: u32, filter: u32, list: *mut u8, count: &Out<'_, u32>) -> Outcome {
        self.context(context)?;
        let (bytes, number) = vpp::filter_caps(filter)?;
        let room = count.get()?;
        count.set(number)?;
        if room < number {
            let why = format!("{number} capabilities, room for {room}");
            return Err(Failure::new(sys::VA_STATUS_ERROR_MAX_NUM_EXCEEDED, why));
        }
        // SAFETY: the client has room for as many structures of the filter's type.
        let list = unsafe { List::new(list, bytes.len()) };
        for (at, byte) in bytes.iter().enumerate() {
            list.put(at, *byte)?;
        }
        Ok(())
    }
}

/// Fills libva's tables.
///
/// # Safety
/// The tables are allocated.
pub(super) unsafe fn fill(ctx: &mut VADriverContext) {
    // SAFETY: as the caller says.
    let table = unsafe { &mut *ctx.vtable };
    table.vaTerminate = Some(va_terminate);
    table.vaQueryConfigProfiles = Some(query_config_profiles);
    table.vaQueryConfigEntrypoints = Some(query_config_entrypoints);
    table.vaGetConfigAttributes = Some(get_config_attributes);
    table.vaCreateConfig = Some(create_config);
    table.vaDestroyConfig = Some(destroy_config);
    table.vaQueryConfigAttributes = Some(query_config_attributes);
    table.vaCreateSurfaces = Some(create_surfaces);
    table.vaDestroySurfaces = Some(destroy_surfaces);
    table.vaCreateContext = Some(create_context);
    table.vaDestroyContext = Some(destroy_context);
    table.vaCreateBuffer = Some(create_buffer);
    table.vaBufferSetNumElements = Some(set_num_elements);
    table.vaMapBuffer = Some(map_buffer);
    table.vaUnmapBuffer = Some(unmap_buffer);
    table.vaDestroyBuffer = Some(destroy_buffer);
    table.vaBeginPicture = Some(begin_picture);
    table.vaRenderPicture = Some(render_picture);
    table.vaEndPicture = Some(end_picture);
    table.vaSyncSurface = Some(sync_surface);
    table.vaQuerySurfaceStatus = Some(query_surface_status);
    table.vaQuerySurfaceError = Some(query_surface_error);
    table.vaPutSurface = Some(put_surface);
    table.vaQueryImageFormats = Some(query_image_formats);
    table.vaCreateImage = Some(create_image);
    table.vaDeriveImage = Some(derive_image);
    table.vaDestroyImage = Some(destroy_image);
    table.vaSetImagePalette = Some(set_image_palette);
    table.vaGetImage = Some(get_image);
    table.vaPutImage = Some(put_image);
    table.vaQuerySubpictureFormats = Some(query_subpicture_formats);
    table.vaCreateSubpicture = Some(create_subpicture);
    table.vaDestroySubpicture = Some(destroy_subpicture);
    table.vaSetSubpictureImage = Some(set_subpicture_image);
    table.vaSetSubpictureChromakey = Some(set_subpicture_chromakey);
    table.vaSetSubpictureGlobalAlpha = Some(set_subpicture_global_alpha);
    table.vaAssociateSubpicture = Some(associate_subpicture);
    table.vaDeassociateSubpicture = Some(deassociate_subpicture);
    table.vaQueryDisplayAttributes = Some(query_display_attributes);
    table.vaGetDisplayAttributes = Some(get_display_attributes);
    table.vaSetDisplayAttributes = Some(set_display_attributes);
    table.vaBufferInfo = Some(buffer_info);
    table.vaLockSurface = Some(lock_surface);
    table.vaUnlockSurface = Some(unlock_surface);
    table.vaCreateSurfaces2 = Some(create_surfaces2);
    table.vaQuerySurfaceAttributes = Some(query_surface_attributes);
    table.vaAcquireBufferHandle = Some(acquire_buffer_handle);
    table.vaReleaseBufferHandle = Some(release_buffer_handle);
    table.vaCreateMFContext = Some(create_mf_context);
    table.vaMFAddContext = Some(mf_add_context);
    table.vaMFReleaseContext = Some(mf_release_context);
    table.vaMFSubmit = Some(mf_submit);
    table.vaCreateBuffer2 = Some(create_buffer2);
    table.vaQueryProcessingRate = Some(query_processing_rate);
    table.vaExportSurfaceHandle = Some(export_surface_handle);
    table.vaSyncSurface2 = Some(sync_surface2);
    table.vaSyncBuffer = Some(sync_buffer);
    table.vaCopy = Some(copy);
    #[cfg(map_buffer2)]
    {
        table.vaMapBuffer2 = Some(map_buffer2);
    }
    // SAFETY: as the caller says; libva before 1.4 had no such table.
    if let Some(vpp) = unsafe { ctx.vtable_vpp.as_mut() } {
        vpp.version = sys::VA_DRIVER_VTABLE_VPP_VERSION;
        vpp.vaQueryVideoProcFilters = Some(query_video_proc_filters);
        vpp.vaQueryVideoProcFilterCaps = Some(query_video_proc_filter_caps);
        vpp.vaQueryVideoProcPipelineCaps = Some(query_video_proc_pipeline_caps);
    }
}
