// NVIDIA's management library as far as hwenc asks it, written from what nvml.h documents. -DMODEL=… chooses the machine.
#include <stdio.h>
#include <string.h>

enum { T4 = 1, H200 = 2, MISMATCH = 3, LOST = 4, BUSY = 5 };
enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, GPU_IS_LOST = 15, LIB_RM_VERSION_MISMATCH = 18 };

// nvmlPciInfo_t
struct pci {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char address[32];
};

// nvmlMemory_v2_t
struct memory {
    unsigned version;
    unsigned long long total, reserved, free, used;
};

static int text(char *to, unsigned length, const char *from) {
    snprintf(to, length, "%s", from);
    return SUCCESS;
}

int nvmlInit_v2(void) { return MODEL == MISMATCH ? LIB_RM_VERSION_MISMATCH : SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
int nvmlSystemGetDriverVersion(char *to, unsigned length) { return text(to, length, "535.183.01"); }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { return *version = 12020, SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *count) { return *count = MODEL == LOST ? 2 : 1, SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = (void *)(size_t)(index + 1);
    return MODEL == LOST && index == 0 ? GPU_IS_LOST : SUCCESS;
}

int nvmlDeviceGetName(void *device, char *to, unsigned length) {
    return text(to, length, MODEL == H200 ? "NVIDIA H200" : "Tesla T4");
}

int nvmlDeviceGetPciInfo_v3(void *device, struct pci *pci) {
    memset(pci, 0, sizeof *pci);
    pci->bus = 0xde;
    return text(pci->address, sizeof pci->address, "00000000:DE:00.0");
}

int nvmlDeviceGetMinorNumber(void *device, unsigned *minor) { return *minor = 3, SUCCESS; }

int nvmlDeviceGetEncoderCapacity(void *device, unsigned codec, unsigned *capacity) {
    if (MODEL == H200)
        return NOT_SUPPORTED;
    // NVML_ENCODER_QUERY_H264, NVML_ENCODER_QUERY_HEVC
    return codec > 1 ? INVALID_ARGUMENT : (*capacity = MODEL == BUSY ? 0 : 83, SUCCESS);
}

int nvmlDeviceGetEncoderStats(void *device, unsigned *sessions, unsigned *fps, unsigned *latency) {
    *sessions = MODEL == H200 ? 0 : 2;
    return *fps = 60, *latency = 900, SUCCESS;
}

int nvmlDeviceGetEncoderUtilization(void *device, unsigned *percent, unsigned *period) {
    return MODEL == H200 ? NOT_SUPPORTED : (*percent = 17, *period = 167000, SUCCESS);
}

int nvmlDeviceGetDecoderUtilization(void *device, unsigned *percent, unsigned *period) {
    return *percent = 4, *period = 167000, SUCCESS;
}

int nvmlDeviceGetUtilizationRates(void *device, unsigned *rates) { return rates[0] = 31, rates[1] = 9, SUCCESS; }

int nvmlDeviceGetMemoryInfo_v2(void *device, struct memory *memory) {
    if (memory->version != (sizeof *memory | 2 << 24))
        return INVALID_ARGUMENT;
    memory->total = 16106127360ull, memory->used = 1073741824ull, memory->free = memory->total - memory->used;
    return SUCCESS;
}
