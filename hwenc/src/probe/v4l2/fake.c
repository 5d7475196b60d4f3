// Answers the questions of V4L2 on the file named by HWENC_TEST_V4L2 as a node's driver would, by the kernel's own header.
// Loaded by LD_PRELOAD; KIND says which driver.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ours(int fd) {
    const char *name = getenv("HWENC_TEST_V4L2");
    struct stat a, b;
    return name && !fstat(fd, &a) && !stat(name, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int none(int error) {
    errno = error;
    return -1;
}

static int capability(const char *kind, struct v4l2_capability *cap) {
    int m2m = strcmp(kind, "camera") != 0;
    if (!strcmp(kind, "gone"))
        return none(ENODEV);
    memset(cap, 0, sizeof *cap);
    strcpy((char *)cap->driver, m2m ? "bcm2835-codec" : "uvcvideo");
    // To the end of the field, without a zero.
    memcpy(cap->card, "bcm2835-codec-encode, and more...", sizeof cap->card);
    if (!m2m)
        strcpy((char *)cap->card, " Camera ");
    // Of the driver's nodes together: the camera's own has less.
    cap->capabilities = V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
    cap->device_caps = m2m ? V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING : V4L2_CAP_VIDEO_CAPTURE;
    return 0;
}

static int format(const char *kind, struct v4l2_fmtdesc *desc) {
    static const unsigned pictures[] = {V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_Y16_BE};
    static const unsigned streams[] = {V4L2_PIX_FMT_H264};
    static const unsigned camera[] = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV};
    const unsigned *list = 0;
    unsigned count = 0;
    if (!strcmp(kind, "broken"))
        return none(EIO);
    if (!strcmp(kind, "endless") && desc->type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE) {
        desc->pixelformat = V4L2_PIX_FMT_NV12;
        return 0;
    }
    if (!strcmp(kind, "camera")) {
        if (desc->type == V4L2_BUF_TYPE_VIDEO_CAPTURE)
            list = camera, count = 2;
    } else if (desc->type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE) {
        list = pictures, count = 3;
    } else if (desc->type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
        list = streams, count = 1;
    }
    if (desc->index >= count)
        return none(EINVAL);
    desc->pixelformat = list[desc->index];
    return 0;
}

int ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    const char *kind = getenv("HWENC_TEST_V4L2_KIND");
    if (kind && ours(fd)) {
        if (request == VIDIOC_QUERYCAP)
            return capability(kind, argument);
        if (request == VIDIOC_ENUM_FMT)
            return format(kind, argument);
    }
    return syscall(SYS_ioctl, fd, request, argument);
}
