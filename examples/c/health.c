/* What a health endpoint would answer, as JSON: which encoder serves each codec, and which of them is a fallback.
 *
 *   cc health.c -o health $(pkg-config --cflags --libs hwenc)
 */
#include <hwenc.h>
#include <stdio.h>

/* One member of the answer. Names and codes of hwenc hold nothing that JSON would have to escape. */
static void answer(const char *codec) {
    hwenc_request *want = NULL;
    hwenc_decision *decision = NULL;
    hwenc_error *error = NULL;

    hwenc_status status = hwenc_request_new(codec, 1280, 720, &want, &error);
    if (status == HWENC_OK) {
        status = hwenc_request_set_fallback(want, "software", &error);
    }
    if (status == HWENC_OK) { /* from the cache, while nothing has changed in this machine */
        status = hwenc_choose(want, NULL, &decision, &error);
    }
    if (status == HWENC_OK) {
        printf(",\"%s\":{\"encoder\":\"%s\",\"fallback\":%s}", codec, hwenc_decision_encoder(decision),
               hwenc_decision_fallback_used(decision) ? "true" : "false");
    } else {
        printf(",\"%s\":{\"encoder\":null,\"code\":\"%s\"}", codec, hwenc_error_code(error));
    }
    hwenc_error_free(error);
    hwenc_decision_free(decision);
    hwenc_request_free(want);
}

int main(void) {
    hwenc_helper();
    printf("{\"ffmpeg\":\"%s\"", hwenc_ffmpeg_version());
    answer("h264");
    answer("hevc");
    answer("av1");
    puts("}");
    return 0;
}
