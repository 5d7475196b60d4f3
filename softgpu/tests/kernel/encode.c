/* Encodes pictures that lie in memory of this process: each becomes a DMA-BUF by udmabuf, is imported by FFmpeg's VA-API device
 * and encoded by its h264_vaapi. Nothing here copies a picture.
 * encode RAW CODED: writes the pictures as they were made to RAW, and the stream to CODED. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_drm.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>

#define NODE "/dev/dri/renderD128"
#define WIDTH 320
#define HEIGHT 240
/* Larger than a row, so that a pitch that is ignored shows. */
#define PITCH 384
#define BYTES (PITCH * HEIGHT * 3 / 2)
#define PICTURES 5

static int check(const char *what, int result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, result == -1 ? strerrorname_np(errno) : av_err2str(result));
		exit(1);
	}
	return result;
}

static void draw(unsigned char *picture, int number)
{
	for (int y = 0; y < HEIGHT * 3 / 2; y++)
		for (int x = 0; x < PITCH; x++)
			picture[y * PITCH + x] = x < WIDTH ? (unsigned char)(16 + (x * 3 + y * 5 + number * 40) % 219) : 255;
}

/* A drawn picture as a DMA-BUF; the visible part of it goes to a file too. */
static int make(int number, FILE *raw)
{
	long page = sysconf(_SC_PAGESIZE), size = (BYTES + page - 1) / page * page;
	int memory = check("memfd_create", memfd_create("picture", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	check("ftruncate", ftruncate(memory, size));
	check("F_SEAL_SHRINK", fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK));
	unsigned char *picture = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	check("mmap", picture == MAP_FAILED ? -1 : 0);
	draw(picture, number);
	for (int y = 0; y < HEIGHT * 3 / 2; y++)
		check("the raw file", fwrite(picture + y * PITCH, WIDTH, 1, raw) == 1 ? 0 : -1);
	munmap(picture, size);
	int device = check("/dev/udmabuf", open("/dev/udmabuf", O_RDWR | O_CLOEXEC));
	struct udmabuf_create create = { .memfd = memory, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int buffer = check("UDMABUF_CREATE", ioctl(device, UDMABUF_CREATE, &create));
	close(device);
	close(memory);
	return buffer;
}

static void forget(void *opaque, uint8_t *data)
{
	(void)opaque;
	close(((AVDRMFrameDescriptor *)data)->objects[0].fd);
	av_free(data);
}

/* A DMA-BUF as FFmpeg describes one. */
static AVFrame *describe(int buffer, AVBufferRef *frames)
{
	AVDRMFrameDescriptor *drm = av_mallocz(sizeof(*drm));
	AVFrame *frame = av_frame_alloc();
	check("memory", drm && frame ? 0 : AVERROR(ENOMEM));
	drm->nb_objects = 1;
	drm->objects[0] = (AVDRMObjectDescriptor){ .fd = buffer, .size = lseek(buffer, 0, SEEK_END),
		.format_modifier = DRM_FORMAT_MOD_LINEAR };
	drm->nb_layers = 1;
	drm->layers[0] = (AVDRMLayerDescriptor){ .format = DRM_FORMAT_NV12, .nb_planes = 2,
		.planes = { { .pitch = PITCH }, { .offset = PITCH * HEIGHT, .pitch = PITCH } } };
	frame->format = AV_PIX_FMT_DRM_PRIME;
	frame->width = WIDTH;
	frame->height = HEIGHT;
	frame->data[0] = (uint8_t *)drm;
	frame->buf[0] = av_buffer_create((uint8_t *)drm, sizeof(*drm), forget, NULL, 0);
	frame->hw_frames_ctx = av_buffer_ref(frames);
	return frame;
}

static void receive(AVCodecContext *encoder, AVPacket *packet, FILE *coded)
{
	int result;
	while ((result = avcodec_receive_packet(encoder, packet)) >= 0) {
		check("the coded file", fwrite(packet->data, packet->size, 1, coded) == 1 ? 0 : -1);
		av_packet_unref(packet);
	}
	if (result != AVERROR(EAGAIN) && result != AVERROR_EOF)
		check("avcodec_receive_packet", result);
}

int main(int argc, char **argv)
{
	FILE *raw = argc == 3 ? fopen(argv[1], "wb") : NULL, *coded = argc == 3 ? fopen(argv[2], "wb") : NULL;
	check("the files", raw && coded ? 0 : -1);
	AVBufferRef *drm = NULL, *vaapi = NULL, *drm_frames, *frames = NULL;
	check("the DRM device", av_hwdevice_ctx_create(&drm, AV_HWDEVICE_TYPE_DRM, NODE, NULL, 0));
	check("the VA-API device", av_hwdevice_ctx_create(&vaapi, AV_HWDEVICE_TYPE_VAAPI, NODE, NULL, 0));
	drm_frames = av_hwframe_ctx_alloc(drm);
	AVHWFramesContext *context = (AVHWFramesContext *)drm_frames->data;
	context->format = AV_PIX_FMT_DRM_PRIME;
	context->sw_format = AV_PIX_FMT_NV12;
	context->width = WIDTH;
	context->height = HEIGHT;
	check("DRM frames", av_hwframe_ctx_init(drm_frames));
	check("VA-API frames", av_hwframe_ctx_create_derived(&frames, AV_PIX_FMT_VAAPI, vaapi, drm_frames, AV_HWFRAME_MAP_READ));

	AVCodecContext *encoder = avcodec_alloc_context3(avcodec_find_encoder_by_name("h264_vaapi"));
	encoder->width = WIDTH;
	encoder->height = HEIGHT;
	encoder->time_base = (AVRational){ 1, 25 };
	encoder->framerate = (AVRational){ 25, 1 };
	encoder->pix_fmt = AV_PIX_FMT_VAAPI;
	encoder->hw_frames_ctx = av_buffer_ref(frames);
	check("h264_vaapi", avcodec_open2(encoder, NULL, NULL));
	AVPacket *packet = av_packet_alloc();
	for (int number = 0; number < PICTURES; number++) {
		AVFrame *source = describe(make(number, raw), drm_frames), *surface = av_frame_alloc();
		surface->format = AV_PIX_FMT_VAAPI;
		surface->hw_frames_ctx = av_buffer_ref(frames);
		check("av_hwframe_map", av_hwframe_map(surface, source, AV_HWFRAME_MAP_READ | AV_HWFRAME_MAP_DIRECT));
		surface->pts = number;
		check("avcodec_send_frame", avcodec_send_frame(encoder, surface));
		av_frame_free(&surface);
		av_frame_free(&source);
		receive(encoder, packet, coded);
	}
	check("avcodec_send_frame", avcodec_send_frame(encoder, NULL));
	receive(encoder, packet, coded);
	av_packet_free(&packet);
	avcodec_free_context(&encoder);
	av_buffer_unref(&frames);
	av_buffer_unref(&drm_frames);
	av_buffer_unref(&vaapi);
	av_buffer_unref(&drm);
	check("the files", fclose(raw) | fclose(coded));
	printf("encoded %d\n", PICTURES);
	return 0;
}
