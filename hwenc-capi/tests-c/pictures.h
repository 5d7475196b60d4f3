/* Pictures that move, in I420 with padded rows, and as a YUV4MPEG2 file for the judge. For C99 and C++17. */
#ifndef PICTURES_H
#define PICTURES_H

#include <stdint.h>
#include <stdio.h>

/* Bytes behind the pixels of each row: a reader that ignores the stride is found out. */
#define PADDING 48u

static inline size_t stride_of(int plane, uint32_t width) {
    return (plane == 0 ? width : width / 2) + PADDING;
}

static inline size_t plane_bytes(int plane, uint32_t width, uint32_t height) {
    return stride_of(plane, width) * (plane == 0 ? height : height / 2);
}

/* Picture n: a gradient in luma, moving colours. */
static inline void draw(uint8_t *to, int plane, uint32_t width, uint32_t height, uint32_t n) {
    uint32_t columns = plane == 0 ? width : width / 2, rows = plane == 0 ? height : height / 2;
    for (uint32_t y = 0; y < rows; y++) {
        uint8_t *row = to + y * stride_of(plane, width);
        for (uint32_t x = 0; x < columns; x++) {
            uint32_t value = plane == 0 ? x / 2 + y / 4 + 3 * n : plane == 1 ? x + 2 * n : y + 120 - n;
            row[x] = (uint8_t)(32 + value % 180);
        }
        for (uint32_t x = 0; x < PADDING; x++) {
            row[columns + x] = 0xEE;
        }
    }
}

static inline void write_head(FILE *to, uint32_t width, uint32_t height) {
    fprintf(to, "YUV4MPEG2 W%u H%u F25:1 Ip A1:1 C420\n", (unsigned)width, (unsigned)height);
}

static inline void write_plane(FILE *to, const uint8_t *from, int plane, uint32_t width, uint32_t height) {
    uint32_t columns = plane == 0 ? width : width / 2, rows = plane == 0 ? height : height / 2;
    if (plane == 0) {
        fputs("FRAME\n", to);
    }
    for (uint32_t y = 0; y < rows; y++) {
        fwrite(from + y * stride_of(plane, width), 1, columns, to);
    }
}

#endif
