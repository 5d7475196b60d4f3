/* What a program does with the nodes of a machine, straight through the kernel's interfaces. Each command prints a line when
 * all went well, and else what failed with its error number. */
#define _GNU_SOURCE
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE (1 << 20)

static int check(const char *what, int result)
{
	if (result < 0) {
		printf("%s: %s\n", what, strerrorname_np(errno));
		exit(1);
	}
	return result;
}

static unsigned char *map(int fd)
{
	unsigned char *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check("mmap", at == MAP_FAILED ? -1 : 0);
	return at;
}

static void sync_buffer(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };
	check("DMA_BUF_IOCTL_SYNC", ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
}

static void fill(int buffer)
{
	unsigned char *at = map(buffer);
	sync_buffer(buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	for (int i = 0; i < SIZE; i++)
		at[i] = (unsigned char)(i * 31 >> 3);
	sync_buffer(buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	munmap(at, SIZE);
}

static void compare(int fd)
{
	unsigned char *at = map(fd);
	for (int i = 0; i < SIZE; i++)
		if (at[i] != (unsigned char)(i * 31 >> 3)) {
			printf("byte %d differs\n", i);
			exit(1);
		}
	munmap(at, SIZE);
}

static int open_node(const char *node)
{
	return check(node, open(node, O_RDWR | O_CLOEXEC));
}

/* The driver of a node. */
static void driver(const char *node)
{
	char name[64] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
	check("DRM_IOCTL_VERSION", ioctl(open_node(node), DRM_IOCTL_VERSION, &version));
	puts(name);
}

/* A buffer made of pages that this process has: what is written to the one is in the other. */
static void udmabuf(void)
{
	int memory = check("memfd_create", memfd_create("picture", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	check("ftruncate", ftruncate(memory, SIZE));
	check("F_SEAL_SHRINK", fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK));
	struct udmabuf_create create = { .memfd = memory, .flags = UDMABUF_FLAGS_CLOEXEC, .size = SIZE };
	fill(check("UDMABUF_CREATE", ioctl(open_node("/dev/udmabuf"), UDMABUF_CREATE, &create)));
	compare(memory);
	puts("shared");
}

/* A buffer of a heap, through the render node and out of it again. */
static void heap(const char *node)
{
	struct dma_heap_allocation_data data = { .len = SIZE, .fd_flags = O_RDWR | O_CLOEXEC };
	check("DMA_HEAP_IOCTL_ALLOC", ioctl(open_node("/dev/dma_heap/system"), DMA_HEAP_IOCTL_ALLOC, &data));
	fill(data.fd);
	int gpu = open_node(node);
	struct drm_prime_handle in = { .fd = data.fd };
	check("DRM_IOCTL_PRIME_FD_TO_HANDLE", ioctl(gpu, DRM_IOCTL_PRIME_FD_TO_HANDLE, &in));
	struct drm_prime_handle out = { .handle = in.handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	check("DRM_IOCTL_PRIME_HANDLE_TO_FD", ioctl(gpu, DRM_IOCTL_PRIME_HANDLE_TO_FD, &out));
	compare(out.fd);
	puts("shared");
}

/* A lease of a card's output, which a second master then sees, and nothing else. */
static void lease(const char *node)
{
	int card = open_node(node);
	struct drm_set_client_cap planes = { .capability = DRM_CLIENT_CAP_UNIVERSAL_PLANES, .value = 1 };
	check("DRM_IOCTL_SET_CLIENT_CAP", ioctl(card, DRM_IOCTL_SET_CLIENT_CAP, &planes));
	uint32_t crtcs[8], connectors[8], plane_ids[32];
	struct drm_mode_card_res all = {
		.crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 8,
		.connector_id_ptr = (uintptr_t)connectors, .count_connectors = 8,
	};
	check("DRM_IOCTL_MODE_GETRESOURCES", ioctl(card, DRM_IOCTL_MODE_GETRESOURCES, &all));
	struct drm_mode_get_plane_res plane = { .plane_id_ptr = (uintptr_t)plane_ids, .count_planes = 32 };
	check("DRM_IOCTL_MODE_GETPLANERESOURCES", ioctl(card, DRM_IOCTL_MODE_GETPLANERESOURCES, &plane));
	uint32_t objects[] = { crtcs[0], connectors[0], plane_ids[0] };
	struct drm_mode_create_lease create = { .object_ids = (uintptr_t)objects, .object_count = 3, .flags = O_CLOEXEC };
	check("DRM_IOCTL_MODE_CREATE_LEASE", ioctl(card, DRM_IOCTL_MODE_CREATE_LEASE, &create));
	struct drm_mode_card_res leased = {
		.crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 8,
		.connector_id_ptr = (uintptr_t)connectors, .count_connectors = 8,
	};
	check("DRM_IOCTL_MODE_GETRESOURCES", ioctl(create.fd, DRM_IOCTL_MODE_GETRESOURCES, &leased));
	printf("leased %u of %u\n", leased.count_connectors, all.count_connectors);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *node = argc > 2 ? argv[2] : "/dev/dri/renderD128";
	if (!strcmp(what, "driver"))
		driver(node);
	else if (!strcmp(what, "udmabuf"))
		udmabuf();
	else if (!strcmp(what, "heap"))
		heap(node);
	else if (!strcmp(what, "lease"))
		lease(node);
	else
		return 2;
	return 0;
}
