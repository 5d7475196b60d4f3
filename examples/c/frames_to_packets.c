/* Generated BGRA pictures become an H.264 stream: frames_to_packets OUTPUT.h264
 *
 *   cc frames_to_packets.c -o frames_to_packets $(pkg-config --cflags --libs hwenc)
 */
#include <hwenc.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 640, HEIGHT = 360, FRAMES = 50 };

/* Ends the program with what went wrong, unless nothing did. */
static hwenc_status check(hwenc_status status, hwenc_error **error) {
    if (status < 0) {
        fprintf(stderr, "%s\nhelp: %s\n", hwenc_error_message(*error), hwenc_error_remedy(*error));
        exit(1);
    }
    return status;
}

/* A gradient that moves. */
static void draw(uint8_t *pixel, int n) {
    for (int i = 0; i < WIDTH * HEIGHT; i++, pixel += 4) {
        int x = i % WIDTH, y = i / WIDTH;
        pixel[0] = (uint8_t)(x + n * 4), pixel[1] = (uint8_t)(y + n * 2), pixel[2] = (uint8_t)(x + y), pixel[3] = 255;
    }
}

static void write_packets(hwenc_session *session, FILE *sink) {
    hwenc_packet *packet = NULL;
    hwenc_error *error = NULL;
    while (check(hwenc_session_receive(session, &packet, &error), &error) == HWENC_OK) {
        fwrite(hwenc_packet_data(packet), 1, hwenc_packet_size(packet), sink);
        hwenc_packet_free(packet);
    }
}

int main(int argc, char **argv) {
    hwenc_helper();
    FILE *sink = argc == 2 ? fopen(argv[1], "wb") : NULL;
    if (sink == NULL) {
        fprintf(stderr, "usage: frames_to_packets OUTPUT.h264\n");
        return 2;
    }
    static uint8_t pixels[WIDTH * HEIGHT * 4];
    hwenc_request *want = NULL;
    hwenc_decision *decision = NULL;
    hwenc_session *session = NULL;
    hwenc_error *error = NULL;
    check(hwenc_request_new("h264", WIDTH, HEIGHT, &want, &error), &error);
    check(hwenc_request_set_fps(want, 25, 1, &error), &error);
    check(hwenc_request_set_input(want, "bgra", &error), &error);
    check(hwenc_request_set_fallback(want, "software", &error), &error);
    check(hwenc_choose(want, NULL, &decision, &error), &error);
    check(hwenc_decision_open(decision, &session, &error), &error);

    hwenc_picture picture = HWENC_PICTURE_INIT; /* without a release callback it is lent for the call */
    picture.width = WIDTH, picture.height = HEIGHT;
    picture.planes[0] = pixels, picture.strides[0] = WIDTH * 4;
    for (int n = 0; n < FRAMES; n++) {
        draw(pixels, n);
        check(hwenc_session_send(session, &picture, &error), &error);
        write_packets(session, sink);
    }
    check(hwenc_session_finish(session, &error), &error);
    write_packets(session, sink);
    printf("%d pictures by %s\n", FRAMES, hwenc_session_encoder(session));

    hwenc_session_free(session);
    hwenc_decision_free(decision);
    hwenc_request_free(want);
    return fclose(sink) == 0 ? 0 : 1;
}
