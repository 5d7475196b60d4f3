/* Chooses an encoder and prints why, and why not the others.
 *
 *   cc choose_encoder.c -o choose_encoder $(pkg-config --cflags --libs hwenc)
 */
#include <hwenc.h>
#include <stdio.h>

int main(void) {
    hwenc_helper();
    hwenc_request *want = NULL;
    hwenc_decision *decision = NULL;
    hwenc_error *error = NULL;
    char *text = NULL;

    hwenc_status status = hwenc_request_new("hevc", 1920, 1080, &want, &error);
    if (status == HWENC_OK) {
        status = hwenc_request_set_bit_depth(want, 10, &error);
    }
    if (status == HWENC_OK) {
        status = hwenc_request_set_fallback(want, "software", &error);
    }
    if (status == HWENC_OK) {
        status = hwenc_choose(want, NULL, &decision, &error);
    }
    if (status == HWENC_OK && hwenc_decision_text(decision, 0, &text, NULL) == HWENC_OK) {
        if (hwenc_decision_fallback_used(decision)) {
            puts("no hardware works here");
        }
        puts(text);
    }
    if (status != HWENC_OK) {
        puts(hwenc_error_message(error));
        for (size_t i = 0; i < hwenc_error_candidate_count(error); i++) {
            hwenc_candidate candidate = {.struct_size = sizeof candidate};
            if (hwenc_error_candidate(error, i, &candidate, NULL) == HWENC_OK) {
                printf("  %s: %s\n", candidate.encoder, candidate.message);
            }
        }
    }
    hwenc_string_free(text);
    hwenc_error_free(error);
    hwenc_decision_free(decision);
    hwenc_request_free(want);
    return status == HWENC_OK ? 0 : 1;
}
