/* What a program of C does with hwenc: a film, generated pictures, and every mistake that can be told.
 *
 *   encode film    INPUT OUTPUT ENCODER
 *   encode pictures ENCODER CODEC WIDTH HEIGHT COUNT STREAM SENT.y4m
 *   encode mistakes
 *   encode helper
 */
#include <hwenc.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pictures.h"

/* Ends the program where an expectation does not hold. */
#define EXPECT(what) ((what) ? (void)0 : failed(#what, __LINE__))
/* The same for a call that has to succeed; `error` is in scope. */
#define TRY(call) ((call) == HWENC_OK ? (void)0 : gave_up(error, #call, __LINE__))

static void failed(const char *what, int line) {
    fprintf(stderr, "line %d: not so: %s\n", line, what);
    exit(1);
}

static void gave_up(const hwenc_error *error, const char *call, int line) {
    fprintf(stderr, "line %d: %s\n%s: %s\n", line, call, hwenc_error_code(error), hwenc_error_message(error));
    for (size_t i = 0; i < hwenc_error_evidence_count(error); i++) {
        fprintf(stderr, "  %s\n", hwenc_error_evidence(error, i));
    }
    for (size_t i = 0; i < hwenc_error_candidate_count(error); i++) {
        hwenc_candidate candidate = {.struct_size = sizeof candidate};
        if (hwenc_error_candidate(error, i, &candidate, NULL) == HWENC_OK) {
            fprintf(stderr, "  %s: %s\n", candidate.encoder, candidate.message);
        }
    }
    exit(1);
}

/* --- a film ------------------------------------------------------------------------------------------------------- */

static int32_t watch(void *user, const hwenc_progress *progress) {
    unsigned *calls = user;
    ++*calls;
    EXPECT(progress->struct_size >= sizeof *progress);
    return 0; /* go on */
}

static hwenc_transcode *job_for(const char *input, const char *output, const char *encoder) {
    hwenc_transcode *job = NULL;
    hwenc_error *error = NULL;
    TRY(hwenc_transcode_new(input, output, &job, &error));
    TRY(hwenc_transcode_set_encoder(job, encoder, &error));
    TRY(hwenc_transcode_set_quality(job, 80, &error));
    if (strcmp(encoder, "libx264") == 0) {
        TRY(hwenc_transcode_set_preset(job, "ultrafast", &error));
    }
    return job;
}

static void film(const char *input, const char *output, const char *encoder) {
    hwenc_error *error = NULL;
    char *report = NULL;

    /* One that was cancelled leaves no file. */
    unsigned calls = 0;
    hwenc_cancel *cancel = NULL;
    TRY(hwenc_cancel_new(&cancel, &error));
    EXPECT(hwenc_cancel_is_cancelled(cancel) == 0);
    TRY(hwenc_cancel_cancel(cancel, &error));
    hwenc_transcode *job = job_for(input, output, encoder);
    EXPECT(hwenc_transcode_run(job, watch, &calls, cancel, &report, &error) == HWENC_ERROR_CANCELLED);
    EXPECT(report == NULL && hwenc_error_status(error) == HWENC_ERROR_CANCELLED);
    EXPECT(fopen(output, "rb") == NULL);
    hwenc_error_free(error);
    hwenc_transcode_free(job);
    hwenc_cancel_free(cancel);

    error = NULL;
    job = job_for(input, output, encoder);
    TRY(hwenc_transcode_run(job, watch, &calls, NULL, &report, &error));
    EXPECT(calls > 0 && strstr(report, encoder) != NULL);
    puts(report);
    hwenc_string_free(report);
    hwenc_transcode_free(job);
}

/* --- generated pictures ------------------------------------------------------------------------------------------- */

struct lent {
    uint8_t *planes[3];
    unsigned *released;
};

static void release(void *user) {
    struct lent *lent = user;
    ++*lent->released;
    for (int plane = 0; plane < 3; plane++) {
        free(lent->planes[plane]);
    }
    free(lent);
}

static void listen(void *user, hwenc_log_level level, const char *target, const char *message) {
    unsigned *lines = user;
    ++*lines;
    EXPECT(level <= HWENC_LOG_DEBUG && target[0] != '\0' && message != NULL);
}

static unsigned receive(hwenc_session *session, FILE *stream, hwenc_packet **kept, hwenc_status until) {
    hwenc_error *error = NULL;
    hwenc_packet *packet = NULL;
    hwenc_status status;
    unsigned keys = 0;
    while ((status = hwenc_session_receive(session, &packet, &error)) == HWENC_OK) {
        hwenc_packet_facts facts = {.struct_size = sizeof facts};
        TRY(hwenc_packet_info(packet, &facts, &error));
        keys += facts.key;
        EXPECT(fwrite(hwenc_packet_data(packet), 1, hwenc_packet_size(packet), stream) == hwenc_packet_size(packet));
        if (*kept == NULL) {
            TRY(hwenc_packet_clone(packet, kept, &error));
            EXPECT(hwenc_packet_data(*kept) == hwenc_packet_data(packet)); /* no copy */
        }
        hwenc_packet_free(packet);
    }
    if (status != until) {
        gave_up(error, "hwenc_session_receive", __LINE__);
    }
    return keys;
}

static void pictures(char **word) {
    uint32_t width = (uint32_t)atoi(word[2]), height = (uint32_t)atoi(word[3]), count = (uint32_t)atoi(word[4]);
    hwenc_error *error = NULL;
    hwenc_request *request = NULL;
    hwenc_decision *decision = NULL;
    hwenc_session *session = NULL;
    hwenc_packet *kept = NULL;
    hwenc_log *log = NULL;
    unsigned lines = 0, released = 0, keys = 0;
    FILE *stream = fopen(word[5], "wb"), *sent = fopen(word[6], "wb");
    EXPECT(stream != NULL && sent != NULL);
    write_head(sent, width, height);

    TRY(hwenc_log_subscribe(HWENC_LOG_DEBUG, listen, &lines, &log, &error));
    TRY(hwenc_log_capture_ffmpeg(&error));
    TRY(hwenc_request_new(word[1], width, height, &request, &error));
    TRY(hwenc_request_set_fps(request, 25, 1, &error));
    TRY(hwenc_request_set_encoder(request, word[0], &error));
    TRY(hwenc_request_set_input(request, "yuv420p", &error));
    TRY(hwenc_request_set_quality(request, 85, &error));
    TRY(hwenc_request_set_threads(request, 1, &error));
    TRY(hwenc_choose(request, NULL, &decision, &error));
    hwenc_request_free(request);
    EXPECT(strcmp(hwenc_decision_encoder(decision), word[0]) == 0 && !hwenc_decision_fallback_used(decision));
    TRY(hwenc_decision_open(decision, &session, &error));
    hwenc_decision_free(decision);

    for (uint32_t n = 0; n < count; n++) {
        struct lent *lent = malloc(sizeof *lent);
        hwenc_picture picture = HWENC_PICTURE_INIT;
        EXPECT(lent != NULL);
        lent->released = &released;
        picture.width = width;
        picture.height = height;
        picture.pts = n;
        picture.flags = n == count / 2 ? HWENC_PICTURE_IDR : 0;
        for (int plane = 0; plane < 3; plane++) {
            lent->planes[plane] = malloc(plane_bytes(plane, width, height));
            EXPECT(lent->planes[plane] != NULL);
            draw(lent->planes[plane], plane, width, height, n);
            write_plane(sent, lent->planes[plane], plane, width, height);
            picture.planes[plane] = lent->planes[plane];
            picture.strides[plane] = stride_of(plane, width);
        }
        if (n % 2 == 0) { /* handed over */
            picture.release = release;
            picture.user = lent;
        }
        TRY(hwenc_session_send(session, &picture, &error));
        if (n % 2 == 1) { /* borrowed for the call */
            release(lent);
        }
        keys += receive(session, stream, &kept, HWENC_NEED_INPUT);
    }
    TRY(hwenc_session_finish(session, &error));
    keys += receive(session, stream, &kept, HWENC_FINISHED);
    EXPECT(keys >= 2); /* the first, and the one that was asked for */

    hwenc_stats stats = {.struct_size = sizeof stats};
    TRY(hwenc_session_close(session, &error));
    TRY(hwenc_session_stats(session, &stats, &error));
    EXPECT(stats.frames_in == count && stats.packets_out == count && stats.forced_idr == 1);
    hwenc_session_free(session);
    EXPECT(released == count);
    EXPECT(hwenc_packet_size(kept) > 0 && hwenc_packet_data(kept)[0] == 0); /* it outlives its session */
    hwenc_packet_free(kept);
    hwenc_log_free(log);
    EXPECT(lines > 0);
    EXPECT(fclose(stream) == 0 && fclose(sent) == 0);
    printf("%u packets by %s, %u lines\n", (unsigned)stats.packets_out, word[0], lines);
}

/* --- mistakes ----------------------------------------------------------------------------------------------------- */

static void mistakes(void) {
    hwenc_error *error = NULL;
    hwenc_request *request = NULL, *freed = NULL;
    hwenc_decision *decision = NULL;
    hwenc_session *session = NULL;
    hwenc_report *report = NULL;

    /* A handle that was freed, that is of another type, that never was one. */
    TRY(hwenc_request_new("h264", 320, 180, &request, &error));
    TRY(hwenc_request_new("h264", 320, 180, &freed, &error));
    EXPECT(hwenc_request_free(freed) == HWENC_OK);
    EXPECT(hwenc_request_free(freed) == HWENC_ERROR_INVALID_HANDLE);
    EXPECT(hwenc_request_set_gop(freed, 10, &error) == HWENC_ERROR_INVALID_HANDLE);
    EXPECT(strstr(hwenc_error_message(error), "freed") != NULL);
    hwenc_error_free(error);
    EXPECT(hwenc_session_finish((hwenc_session *)(void *)request, NULL) == HWENC_ERROR_INVALID_HANDLE);
    EXPECT(hwenc_session_finish((hwenc_session *)(void *)&session, NULL) == HWENC_ERROR_INVALID_HANDLE);
    EXPECT(hwenc_request_free(NULL) == HWENC_OK && hwenc_error_free(NULL) == HWENC_OK);

    /* A value that cannot be says what would be right. */
    EXPECT(hwenc_request_new("h263", 320, 180, &freed, &error) == HWENC_ERROR_REQUEST_INVALID);
    EXPECT(freed == NULL && strstr(hwenc_error_legal(error), "h264") != NULL);
    EXPECT(strcmp(hwenc_error_code(error), hwenc_status_name(HWENC_ERROR_REQUEST_INVALID)) == 0);
    hwenc_error_free(error);
    EXPECT(hwenc_request_new(NULL, 320, 180, &freed, NULL) == HWENC_ERROR_INVALID_ARGUMENT);
    EXPECT(hwenc_request_new("h264", 320, 180, NULL, NULL) == HWENC_ERROR_INVALID_ARGUMENT);
    EXPECT(hwenc_request_set_preset(request, "\xff\xfe", NULL) == HWENC_ERROR_INVALID_ARGUMENT);

    /* No encoder: every candidate and its reason. */
    error = NULL;
    TRY(hwenc_request_set_device(request, "/dev/dri/renderD191", &error)); /* nobody has so many */
    EXPECT(hwenc_choose(request, NULL, &decision, &error) == HWENC_ERROR_SELECT_NO_ENCODER && decision == NULL);
    EXPECT(hwenc_error_candidate_count(error) > 0);
    hwenc_candidate candidate = {.struct_size = sizeof candidate};
    EXPECT(hwenc_error_candidate(error, 0, &candidate, NULL) == HWENC_OK);
    EXPECT(candidate.encoder[0] != '\0' && candidate.message[0] != '\0' && strcmp(candidate.verdict, "rejected") == 0);
    EXPECT(hwenc_error_candidate(error, 10000, &candidate, NULL) < 0);
    EXPECT(hwenc_error_json(error)[0] == '{');
    hwenc_error_free(error);
    hwenc_request_free(request);

    /* A picture that does not fit is refused, and given back. */
    error = NULL;
    TRY(hwenc_request_new("h264", 320, 180, &request, &error));
    TRY(hwenc_request_set_encoder(request, "libx264", &error));
    TRY(hwenc_choose(request, NULL, &decision, &error));
    TRY(hwenc_decision_open(decision, &session, &error));
    static uint8_t pixels[320 * 180 * 3 / 2];
    unsigned released = 0;
    struct lent *lent = calloc(1, sizeof *lent);
    EXPECT(lent != NULL);
    lent->released = &released;
    hwenc_picture picture = HWENC_PICTURE_INIT;
    picture.width = 322;
    picture.height = 180;
    picture.planes[0] = pixels;
    picture.planes[1] = pixels + 320 * 180;
    picture.strides[0] = picture.strides[1] = 320;
    picture.release = release;
    picture.user = lent;
    EXPECT(hwenc_session_send(session, &picture, &error) == HWENC_ERROR_PICTURE_INVALID && released == 1);
    hwenc_error_free(error);
    picture.release = NULL;
    picture.struct_size = 4;
    EXPECT(hwenc_session_send(session, &picture, NULL) == HWENC_ERROR_INVALID_ARGUMENT);
    EXPECT(hwenc_session_send(session, NULL, NULL) == HWENC_ERROR_INVALID_ARGUMENT);
    error = NULL;
    TRY(hwenc_session_finish(session, &error));
    picture = (hwenc_picture)HWENC_PICTURE_INIT;
    EXPECT(hwenc_session_send(session, &picture, NULL) < 0);
    hwenc_session_free(session);
    hwenc_decision_free(decision);
    hwenc_request_free(request);

    /* A report is data: what was found here can be asked elsewhere. */
    char *json = NULL;
    EXPECT(hwenc_report_from_json("{", &report, NULL) < 0 && report == NULL);
    TRY(hwenc_probe(NULL, &report, &error));
    TRY(hwenc_report_to_json(report, &json, &error));
    hwenc_report_free(report);
    TRY(hwenc_report_from_json(json, &report, &error));
    hwenc_string_free(json);
    EXPECT(hwenc_string_free(json) == HWENC_ERROR_INVALID_HANDLE);
    hwenc_report_free(report);
    puts("every mistake was told");
}

/* --- the helper --------------------------------------------------------------------------------------------------- */

/* A program that does not offer itself has the installed hwenc command as its helper. */
static void helper(void) {
    hwenc_error *error = NULL;
    hwenc_request *request = NULL;
    hwenc_report *report = NULL;
    char *json = NULL;
    TRY(hwenc_request_new("h264", 320, 180, &request, &error));
    hwenc_probe_options options = {.struct_size = sizeof options, .flags = HWENC_PROBE_NO_CACHE, .request = request};
    TRY(hwenc_probe(&options, &report, &error));
    TRY(hwenc_report_to_json(report, &json, &error));
    puts(json);
    hwenc_string_free(json);
    hwenc_report_free(report);
    hwenc_request_free(request);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "helper") == 0) {
        helper();
        return hwenc_handles_open() == 0 ? 0 : 1;
    }
    hwenc_helper();
    EXPECT(hwenc_abi_version() >= HWENC_ABI_VERSION);
    if (argc == 5 && strcmp(argv[1], "film") == 0) {
        film(argv[2], argv[3], argv[4]);
    } else if (argc == 9 && strcmp(argv[1], "pictures") == 0) {
        pictures(argv + 2);
    } else if (argc == 2 && strcmp(argv[1], "mistakes") == 0) {
        mistakes();
    } else {
        fputs("see the head of encode.c\n", stderr);
        return 2;
    }
    EXPECT(hwenc_handles_open() == 0);
    return 0;
}
