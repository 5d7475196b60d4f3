/* Encodes a film again: encode_film INPUT OUTPUT
 *
 *   cc encode_film.c -o encode_film $(pkg-config --cflags --libs hwenc)
 */
#include <hwenc.h>
#include <stdio.h>

static int32_t show(void *user, const hwenc_progress *progress) {
    (void)user;
    if (progress->fraction >= 0) {
        fprintf(stderr, "\r%3.0f %%", progress->fraction * 100);
    }
    return 0; /* go on */
}

int main(int argc, char **argv) {
    hwenc_helper(); /* drivers are tried in a process of their own, which is this program again */
    if (argc != 3) {
        fprintf(stderr, "usage: encode_film INPUT OUTPUT\n");
        return 2;
    }
    hwenc_transcode *job = NULL;
    hwenc_error *error = NULL;
    char *report = NULL;

    hwenc_status status = hwenc_transcode_new(argv[1], argv[2], &job, &error);
    if (status == HWENC_OK) {
        status = hwenc_transcode_set_quality(job, 65, &error);
    }
    if (status == HWENC_OK) { /* said aloud: without it, no GPU means an error */
        status = hwenc_transcode_set_fallback(job, "software", &error);
    }
    if (status == HWENC_OK) {
        status = hwenc_transcode_run(job, show, NULL, NULL, &report, &error);
    }
    if (status == HWENC_OK) {
        fputc('\n', stderr);
        puts(report); /* JSON: encoder, device, frames_out, fps, why nothing else was taken, ... */
    } else {
        fprintf(stderr, "%s\nhelp: %s\n", hwenc_error_message(error), hwenc_error_remedy(error));
    }
    hwenc_string_free(report);
    hwenc_error_free(error);
    hwenc_transcode_free(job);
    return status == HWENC_OK ? 0 : 1;
}
