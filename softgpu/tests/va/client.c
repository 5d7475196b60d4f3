/* A client that breaks a rule of VA-API, or none. client CASE: exits with 0 when the driver answered as the case expects. */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <va/va.h>
#include <va/va_drm.h>
#include <va/va_drmcommon.h>
#include <va/va_enc_h264.h>

#define TILED 0x5300000000000001ull
#define W 320
#define H 192

static VADisplay display;
static VAConfigID config;
static VAContextID context;
static VASurfaceID surfaces[4];
static VABufferID coded;

static void expect(const char *what, VAStatus got, VAStatus wanted)
{
	if (got != wanted) {
		printf("%s: %#x, not %#x\n", what, got, wanted);
		exit(1);
	}
}

#define OK(call) expect(#call, call, VA_STATUS_SUCCESS)
#define FAILS(call, status) expect(#call, call, VA_STATUS_ERROR_##status)

static void start(void)
{
	int major, minor;
	display = vaGetDisplayDRM(open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC));
	OK(vaInitialize(display, &major, &minor));
}

static void make(void)
{
	OK(vaCreateConfig(display, VAProfileH264Main, VAEntrypointEncSliceLP, NULL, 0, &config));
	OK(vaCreateSurfaces(display, VA_RT_FORMAT_YUV420, W, H, surfaces, 4, NULL, 0));
	OK(vaCreateContext(display, config, W, H, VA_PROGRESSIVE, surfaces, 4, &context));
	OK(vaCreateBuffer(display, context, VAEncCodedBufferType, W * H * 4, 1, NULL, &coded));
}

static void clean(void)
{
	OK(vaDestroyBuffer(display, coded));
	OK(vaDestroyContext(display, context));
	OK(vaDestroySurfaces(display, surfaces, 4));
	OK(vaDestroyConfig(display, config));
	OK(vaTerminate(display));
}

/* The buffers of an I picture; the driver writes its headers. */
static VABufferID sequence(void)
{
	VAEncSequenceParameterBufferH264 seq = { .level_idc = 30, .intra_period = 30, .intra_idr_period = 30, .ip_period = 1,
		.picture_width_in_mbs = W / 16, .picture_height_in_mbs = H / 16, .max_num_ref_frames = 1 };
	VABufferID id;
	seq.seq_fields.bits.chroma_format_idc = 1;
	seq.seq_fields.bits.frame_mbs_only_flag = 1;
	seq.seq_fields.bits.direct_8x8_inference_flag = 1;
	OK(vaCreateBuffer(display, context, VAEncSequenceParameterBufferType, sizeof(seq), 1, &seq, &id));
	return id;
}

static VABufferID picture(VABufferID coded_buffer)
{
	VAEncPictureParameterBufferH264 pic = { .coded_buf = coded_buffer, .pic_init_qp = 26 };
	VABufferID id;
	pic.CurrPic.picture_id = surfaces[3];
	for (int i = 0; i < 16; i++)
		pic.ReferenceFrames[i] = (VAPictureH264) { .picture_id = VA_INVALID_SURFACE, .flags = VA_PICTURE_H264_INVALID };
	pic.pic_fields.bits.idr_pic_flag = 1;
	pic.pic_fields.bits.reference_pic_flag = 1;
	OK(vaCreateBuffer(display, context, VAEncPictureParameterBufferType, sizeof(pic), 1, &pic, &id));
	return id;
}

static VABufferID slice(void)
{
	VAEncSliceParameterBufferH264 sl = { .num_macroblocks = W / 16 * (H / 16), .macroblock_info = VA_INVALID_ID,
		.slice_type = 2 };
	VABufferID id;
	for (int i = 0; i < 32; i++) {
		sl.RefPicList0[i] = (VAPictureH264) { .picture_id = VA_INVALID_SURFACE, .flags = VA_PICTURE_H264_INVALID };
		sl.RefPicList1[i] = sl.RefPicList0[i];
	}
	OK(vaCreateBuffer(display, context, VAEncSliceParameterBufferType, sizeof(sl), 1, &sl, &id));
	return id;
}

static VAStatus encode(VABufferID *buffers, int count)
{
	OK(vaBeginPicture(display, context, surfaces[0]));
	OK(vaRenderPicture(display, context, buffers, count));
	VAStatus status = vaEndPicture(display, context);
	for (int i = 0; i < count; i++)
		OK(vaDestroyBuffer(display, buffers[i]));
	return status;
}

static void encode_well(void)
{
	VABufferID buffers[] = { sequence(), picture(coded), slice() };
	OK(encode(buffers, 3));
	OK(vaSyncSurface(display, surfaces[0]));
	VACodedBufferSegment *segment;
	OK(vaMapBuffer(display, coded, (void **)&segment));
	if (!segment->buf || segment->size < 20 || segment->next || memcmp(segment->buf, "\0\0\0\1", 4))
		exit(2);
	OK(vaUnmapBuffer(display, coded));
}

static VASurfaceAttrib modifiers(VADRMFormatModifierList *list)
{
	VASurfaceAttrib attribute = { .type = VASurfaceAttribDRMFormatModifiers, .flags = VA_SURFACE_ATTRIB_SETTABLE };
	attribute.value.type = VAGenericValueTypePointer;
	attribute.value.value.p = list;
	return attribute;
}

/* A tiled surface: no image is its memory, what is put into it comes out of it, and its exported memory is another. */
static void tiled(void)
{
	uint64_t known[] = { 0, TILED }, foreign[] = { 0x0100000000000001ull };
	VADRMFormatModifierList list = { 2, known }, other = { 1, foreign };
	VASurfaceAttrib attribute = modifiers(&list);
	VASurfaceID id, back;
	VAImageFormat format = { .fourcc = VA_FOURCC_NV12 };
	VAImage image, second;
	unsigned char *pixels;
	VADRMPRIMESurfaceDescriptor descriptor;

	OK(vaCreateSurfaces(display, VA_RT_FORMAT_YUV420, W, H, &id, 1, &attribute, 1));
	FAILS(vaDeriveImage(display, id, &image), OPERATION_FAILED);
	OK(vaCreateImage(display, &format, W, H, &image));
	OK(vaMapBuffer(display, image.buf, (void **)&pixels));
	for (unsigned i = 0; i < image.data_size; i++)
		pixels[i] = (unsigned char)(i * 7 / 3);
	OK(vaUnmapBuffer(display, image.buf));
	OK(vaPutImage(display, id, image.image_id, 0, 0, W, H, 0, 0, W, H));
	OK(vaExportSurfaceHandle(display, id, VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2,
		VA_EXPORT_SURFACE_READ_WRITE | VA_EXPORT_SURFACE_COMPOSED_LAYERS, &descriptor));
	if (descriptor.objects[0].drm_format_modifier != TILED || descriptor.num_layers != 1)
		exit(3);
	unsigned char *memory = mmap(NULL, descriptor.objects[0].size, PROT_READ, MAP_SHARED, descriptor.objects[0].fd, 0);
	OK(vaMapBuffer(display, image.buf, (void **)&pixels));
	if (memory == MAP_FAILED || memcmp(memory, pixels, 64) || !memcmp(memory + 64, pixels + 64, 64)
		|| memcmp(memory + 64, pixels + image.pitches[0], 64))
		exit(4);
	OK(vaUnmapBuffer(display, image.buf));

	VASurfaceAttrib import[2] = { { .type = VASurfaceAttribMemoryType, .flags = VA_SURFACE_ATTRIB_SETTABLE },
		{ .type = VASurfaceAttribExternalBufferDescriptor, .flags = VA_SURFACE_ATTRIB_SETTABLE } };
	import[0].value.type = VAGenericValueTypeInteger;
	import[0].value.value.i = VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2;
	import[1].value.type = VAGenericValueTypePointer;
	import[1].value.value.p = &descriptor;
	OK(vaCreateSurfaces(display, VA_RT_FORMAT_YUV420, W, H, &back, 1, import, 2));
	OK(vaCreateImage(display, &format, W, H, &second));
	OK(vaGetImage(display, back, 0, 0, W, H, second.image_id));
	unsigned char *again;
	OK(vaMapBuffer(display, image.buf, (void **)&pixels));
	OK(vaMapBuffer(display, second.buf, (void **)&again));
	for (int y = 0; y < H; y++)
		if (memcmp(pixels + y * image.pitches[0], again + y * second.pitches[0], W))
			exit(5);
	OK(vaUnmapBuffer(display, image.buf));
	OK(vaUnmapBuffer(display, second.buf));
	OK(vaDestroySurfaces(display, &back, 1));
	descriptor.objects[0].drm_format_modifier = foreign[0];
	FAILS(vaCreateSurfaces(display, VA_RT_FORMAT_YUV420, W, H, &back, 1, import, 2), INVALID_PARAMETER);
	close(descriptor.objects[0].fd);
	OK(vaDestroyImage(display, image.image_id));
	OK(vaDestroyImage(display, second.image_id));
	OK(vaDestroySurfaces(display, &id, 1));
	attribute = modifiers(&other);
	FAILS(vaCreateSurfaces(display, VA_RT_FORMAT_YUV420, W, H, &id, 1, &attribute, 1), ATTR_NOT_SUPPORTED);
}

static void import_too_large(void)
{
	VADRMPRIMESurfaceDescriptor descriptor;
	VASurfaceID id;
	OK(vaExportSurfaceHandle(display, surfaces[0], VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2, VA_EXPORT_SURFACE_READ_WRITE,
		&descriptor));
	VASurfaceAttrib import[2] = { { .type = VASurfaceAttribMemoryType, .flags = VA_SURFACE_ATTRIB_SETTABLE },
		{ .type = VASurfaceAttribExternalBufferDescriptor, .flags = VA_SURFACE_ATTRIB_SETTABLE } };
	import[0].value.value.i = VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2;
	import[1].value.value.p = &descriptor;
	descriptor.width = descriptor.height = 4096;
	descriptor.layers[0].pitch[0] = descriptor.layers[0].pitch[1] = 4096;
	FAILS(vaCreateSurfaces(display, VA_RT_FORMAT_YUV420, 4096, 4096, &id, 1, import, 2), INVALID_PARAMETER);
	close(descriptor.objects[0].fd);
}

/* Where the kernel has udmabuf, exported memory is a DMA-BUF, and what is written to it is in the surface. */
static void dma_buf(void)
{
	VADRMPRIMESurfaceDescriptor descriptor;
	VAImage image;
	unsigned char *pixels;
	OK(vaDeriveImage(display, surfaces[0], &image));
	OK(vaMapBuffer(display, image.buf, (void **)&pixels));
	pixels[7] = 70;
	OK(vaExportSurfaceHandle(display, surfaces[0], VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2, VA_EXPORT_SURFACE_READ_WRITE,
		&descriptor));
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	if (ioctl(descriptor.objects[0].fd, DMA_BUF_IOCTL_SYNC, &sync))
		exit(7);
	unsigned char *memory =
		mmap(NULL, descriptor.objects[0].size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.objects[0].fd, 0);
	if (memory == MAP_FAILED || memory[7] != 70)
		exit(8);
	memory[8] = 80;
	if (pixels[8] != 80)
		exit(10);
	close(descriptor.objects[0].fd);
	OK(vaUnmapBuffer(display, image.buf));
	OK(vaDestroyImage(display, image.image_id));
}

static void *many(void *unused)
{
	(void)unused;
	for (int round = 0; round < 200; round++) {
		VAConfigID own_config;
		VAContextID own;
		VASurfaceID target[2];
		VABufferID buffer;
		VAImage image;
		unsigned char *pixels;
		OK(vaCreateConfig(display, VAProfileNone, VAEntrypointVideoProc, NULL, 0, &own_config));
		OK(vaCreateSurfaces(display, VA_RT_FORMAT_YUV420, W, H, target, 2, NULL, 0));
		OK(vaCreateContext(display, own_config, W, H, 0, target, 2, &own));
		OK(vaCreateBuffer(display, own, VAProcFilterParameterBufferType, 64, 1, NULL, &buffer));
		OK(vaDeriveImage(display, target[0], &image));
		OK(vaMapBuffer(display, image.buf, (void **)&pixels));
		memset(pixels, round, 4096);
		OK(vaUnmapBuffer(display, image.buf));
		OK(vaDestroyImage(display, image.image_id));
		/* All read and write the same surface, and each other's way round. */
		VAImageFormat format = { .fourcc = VA_FOURCC_NV12 };
		OK(vaCreateImage(display, &format, W, H, &image));
		OK(vaGetImage(display, surfaces[round % 4], 0, 0, W, H, image.image_id));
		OK(vaPutImage(display, surfaces[(round + 1) % 4], image.image_id, 0, 0, W, H, 0, 0, W, H));
		OK(vaSyncSurface(display, surfaces[round % 4]));
		OK(vaDestroyImage(display, image.image_id));
		OK(vaDestroyBuffer(display, buffer));
		OK(vaDestroyContext(display, own));
		OK(vaDestroySurfaces(display, target, 2));
		OK(vaDestroyConfig(display, own_config));
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	void *at;
	VABufferID id = 0;
	start();
	make();
	if (!strcmp(name, "none")) {
		encode_well();
		encode_well();
	} else if (!strcmp(name, "tiled")) {
		tiled();
	} else if (!strcmp(name, "dma_buf")) {
		dma_buf();
	} else if (!strcmp(name, "threads")) {
		pthread_t threads[8];
		for (int i = 0; i < 8; i++)
			pthread_create(&threads[i], NULL, many, NULL);
		for (int i = 0; i < 50; i++)
			encode_well();
		for (int i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
	} else if (!strcmp(name, "id.destroyed")) {
		id = slice();
		OK(vaDestroyBuffer(display, id));
		FAILS(vaDestroyBuffer(display, id), INVALID_BUFFER);
	} else if (!strcmp(name, "id.unknown")) {
		FAILS(vaSyncSurface(display, 4711), INVALID_SURFACE);
	} else if (!strcmp(name, "picture.not_begun")) {
		FAILS(vaEndPicture(display, context), INVALID_CONTEXT);
	} else if (!strcmp(name, "picture.not_ended")) {
		OK(vaBeginPicture(display, context, surfaces[0]));
		encode_well();
	} else if (!strcmp(name, "render.buffer_type")) {
		OK(vaCreateBuffer(display, context, VASliceDataBufferType, 8, 1, NULL, &id));
		OK(vaBeginPicture(display, context, surfaces[0]));
		FAILS(vaRenderPicture(display, context, &id, 1), UNSUPPORTED_BUFFERTYPE);
		vaEndPicture(display, context);
		OK(vaDestroyBuffer(display, id));
	} else if (!strcmp(name, "buffer.mapped_twice")) {
		id = slice();
		OK(vaMapBuffer(display, id, &at));
		OK(vaMapBuffer(display, id, &at));
		OK(vaUnmapBuffer(display, id));
		OK(vaUnmapBuffer(display, id));
		OK(vaDestroyBuffer(display, id));
	} else if (!strcmp(name, "buffer.not_mapped")) {
		FAILS(vaUnmapBuffer(display, coded), INVALID_BUFFER);
	} else if (!strcmp(name, "buffer.still_mapped")) {
		VABufferID buffers[] = { sequence(), picture(coded), slice() };
		OK(vaMapBuffer(display, coded, &at));
		expect("vaEndPicture", encode(buffers, 3), VA_STATUS_ERROR_SURFACE_BUSY);
		OK(vaUnmapBuffer(display, coded));
	} else if (!strcmp(name, "buffer.of_image")) {
		VAImage image;
		OK(vaDeriveImage(display, surfaces[0], &image));
		FAILS(vaDestroyBuffer(display, image.buf), INVALID_BUFFER);
		OK(vaDestroyImage(display, image.image_id));
	} else if (!strcmp(name, "coded.missing")) {
		VABufferID buffers[] = { sequence(), picture(VA_INVALID_ID), slice() };
		expect("vaEndPicture", encode(buffers, 3), VA_STATUS_ERROR_INVALID_BUFFER);
	} else if (!strcmp(name, "coded.too_small")) {
		VABufferID small;
		VACodedBufferSegment *segment;
		OK(vaCreateBuffer(display, context, VAEncCodedBufferType, 16, 1, NULL, &small));
		VABufferID buffers[] = { sequence(), picture(small), slice() };
		OK(encode(buffers, 3));
		OK(vaMapBuffer(display, small, (void **)&segment));
		if (segment->size > 16 || !(segment->status & VA_CODED_BUF_STATUS_SLICE_OVERFLOW_MASK))
			exit(6);
		OK(vaUnmapBuffer(display, small));
		OK(vaDestroyBuffer(display, small));
	} else if (!strcmp(name, "encode.no_sequence")) {
		VABufferID buffers[] = { picture(coded), slice() };
		expect("vaEndPicture", encode(buffers, 2), VA_STATUS_ERROR_INVALID_PARAMETER);
	} else if (!strcmp(name, "picture.no_parameters")) {
		VABufferID buffers[] = { sequence(), slice() };
		expect("vaEndPicture", encode(buffers, 2), VA_STATUS_ERROR_INVALID_PARAMETER);
	} else if (!strcmp(name, "picture.no_slices")) {
		VABufferID buffers[] = { sequence(), picture(coded) };
		expect("vaEndPicture", encode(buffers, 2), VA_STATUS_ERROR_INVALID_PARAMETER);
	} else if (!strcmp(name, "packed.unpaired")) {
		OK(vaCreateBuffer(display, context, VAEncPackedHeaderDataBufferType, 8, 1, NULL, &id));
		OK(vaBeginPicture(display, context, surfaces[0]));
		FAILS(vaRenderPicture(display, context, &id, 1), INVALID_PARAMETER);
		vaEndPicture(display, context);
		OK(vaDestroyBuffer(display, id));
	} else if (!strcmp(name, "surface.of_context")) {
		OK(vaDestroySurfaces(display, &surfaces[3], 1));
		OK(vaCreateSurfaces(display, VA_RT_FORMAT_YUV420, W, H, &surfaces[3], 1, NULL, 0));
	} else if (!strcmp(name, "surface.format")) {
		VASurfaceID rgb;
		OK(vaCreateSurfaces(display, VA_RT_FORMAT_RGB32, W, H, &rgb, 1, NULL, 0));
		FAILS(vaBeginPicture(display, context, rgb), UNSUPPORTED_RT_FORMAT);
		OK(vaDestroySurfaces(display, &rgb, 1));
	} else if (!strcmp(name, "rectangle.outside")) {
		VAImageFormat format = { .fourcc = VA_FOURCC_NV12 };
		VAImage image;
		OK(vaCreateImage(display, &format, W, H, &image));
		FAILS(vaGetImage(display, surfaces[0], 1, 0, W, H, image.image_id), INVALID_PARAMETER);
		OK(vaDestroyImage(display, image.image_id));
	} else if (!strcmp(name, "import.out_of_bounds")) {
		import_too_large();
	} else if (!strcmp(name, "context.in_picture")) {
		OK(vaBeginPicture(display, context, surfaces[0]));
	} else {
		printf("no case %s\n", name);
		return 9;
	}
	clean();
	return 0;
}
