/*
 * hwenc: hardware video encoding on Linux. What works here, which encoder to take, and why the rest
 * does not; pictures in, packets out; file in, file out.
 *
 *     hwenc_request *request = NULL;
 *     hwenc_decision *decision = NULL;
 *     hwenc_session *session = NULL;
 *     hwenc_packet *packet = NULL;
 *     hwenc_error *error = NULL;
 *     hwenc_picture picture = HWENC_PICTURE_INIT;
 *     hwenc_status status;
 *
 *     hwenc_helper();                                                 // first in main()
 *     if (hwenc_request_new("h264", 1280, 720, &request, &error) < 0) goto failed;
 *     if (hwenc_request_set_fallback(request, "software", &error) < 0) goto failed;
 *     if (hwenc_choose(request, NULL, &decision, &error) < 0) goto failed;
 *     if (hwenc_decision_open(decision, &session, &error) < 0) goto failed;
 *     picture.format = "bgra";
 *     picture.width = 1280, picture.height = 720;
 *     picture.planes[0] = pixels, picture.strides[0] = 1280 * 4;
 *     if (hwenc_session_send(session, &picture, &error) < 0) goto failed;   // and more of them
 *     if (hwenc_session_finish(session, &error) < 0) goto failed;
 *     while ((status = hwenc_session_receive(session, &packet, &error)) == HWENC_OK) {
 *       fwrite(hwenc_packet_data(packet), 1, hwenc_packet_size(packet), file);
 *       hwenc_packet_free(packet);
 *     }
 *     if (status < 0) goto failed;
 *   failed:
 *     if (error) fprintf(stderr, "%s\n%s\n", hwenc_error_message(error), hwenc_error_remedy(error));
 *     hwenc_error_free(error), hwenc_session_free(session);
 *     hwenc_decision_free(decision), hwenc_request_free(request);
 *
 * Ownership. What a function puts into an out-parameter is yours: give it back with the _free of its
 * type (strings with hwenc_string_free()). What it returns as a const pointer belongs to the handle
 * that it came from, and lives as long. What you hand in is yours and is only used during the call,
 * but for a picture's memory where it has a release callback.
 *
 * Errors. Functions that can fail return a status: 0 (HWENC_OK), something positive that is no
 * failure, or a negative error. Their last parameter takes an error object, which is yours and may be
 * NULL. Out-parameters, and *error, are set to NULL (numbers to 0) first, whatever they held: free an
 * error before you hand in its variable again. After an error nothing else was given out. _free
 * functions take NULL, and return a status alone.
 *
 * Handles (hwenc_session *, ...) are numbers, not addresses, and each is used once. NULL, one that was
 * freed, that of another type and other garbage are found out: HWENC_ERROR_INVALID_HANDLE; functions
 * that return a value return NULL or 0. Other pointers must not be NULL where it is not said that they
 * may, must be aligned, and must point to what their type says: HWENC_ERROR_INVALID_ARGUMENT as far as
 * that can be seen.
 *
 * Structs that you fill, or have filled, begin with struct_size: set it to sizeof of the struct. What
 * is larger than the library knows must be zero behind that.
 *
 * Strings are UTF-8 and end with NUL; paths may be any bytes. Messages and remedies name no path or
 * version of the machine; evidence may.
 *
 * Threads. Every function may be called from any thread, on the same handles, too; but a session works
 * for one thread at a time: HWENC_ERROR_BUSY for the second. Nothing here may be called from a signal
 * handler. After fork() the child uses nothing that the parent opened.
 *
 * Callbacks must not throw C++ exceptions and must not longjmp() through the library. A fault inside of
 * hwenc never leaves it as an exception: HWENC_ERROR_INTERNAL.
 */

#ifndef HWENC_H
#define HWENC_H

#include <stddef.h>
#include <stdint.h>

/** No presentation time: the picture follows the one before, one frame later. */
#define HWENC_NO_PTS INT64_MIN

/** A picture without content: hwenc_picture picture = HWENC_PICTURE_INIT; */
#define HWENC_PICTURE_INIT \
  {sizeof(hwenc_picture), NULL, 0, 0, {NULL, NULL, NULL, NULL}, {0, 0, 0, 0}, {0, 0, 0, 0}, \
   HWENC_NO_PTS, 0, 0, 0, 0, 0, 0, NULL, NULL}


/**
 * What this header describes. It grows by one with every release that adds something; a program
 * built with this header works with every library of the same soname whose hwenc_abi_version() is
 * not smaller.
 */
#define HWENC_ABI_VERSION 1

/** Asks anew, whatever the cache says. */
#define HWENC_PROBE_REFRESH 1

/** Drivers are asked in this process, where they may hang or crash it. Only for debugging them. */
#define HWENC_PROBE_NO_ISOLATION 2

/** Tries also what never ended when it was last tried, perhaps because it took the machine down. */
#define HWENC_PROBE_QUARANTINED 4

/** Keeps nothing on disk. */
#define HWENC_PROBE_NO_CACHE 8

/**
 * Adds evidence, which may name paths and versions of the machine, and what does not concern it.
 */
#define HWENC_VERBOSE 1

/** Flag of a picture: it becomes an IDR. */
#define HWENC_PICTURE_IDR 1

/**
 * Every status. Numbers are never reused, and new ones may come: treat those that you do not know
 * as an error when negative.
 */
enum hwenc_status_value
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /** Done. */
  HWENC_OK = 0,
  /** No packet yet: send another picture first, or finish. No failure. */
  HWENC_NEED_INPUT = 1,
  /** Every packet has come out. No failure. */
  HWENC_FINISHED = 2,
  /** A fault of hwenc itself; please report it, with the evidence. */
  HWENC_ERROR_INTERNAL = -1,
  /**
   * An argument is NULL where that is not allowed, misaligned, no UTF-8, or a struct of a size that
   * cannot be.
   */
  HWENC_ERROR_INVALID_ARGUMENT = -2,
  /** The handle is NULL, was freed, is of another type, or never was one. */
  HWENC_ERROR_INVALID_HANDLE = -3,
  /** Another thread is using the session at this moment. */
  HWENC_ERROR_BUSY = -4,
  /** The command line is wrong. */
  HWENC_ERROR_USAGE = -100,
  /** A value of the request is outside its legal range. */
  HWENC_ERROR_REQUEST_INVALID = -110,
  /** The picture size cannot be coded with this codec and chroma format. */
  HWENC_ERROR_REQUEST_SIZE_UNSUPPORTED = -111,
  /** No backend has an encoder of this name. */
  HWENC_ERROR_REQUEST_UNKNOWN_ENCODER = -112,
  /** The named encoder makes another codec than the one asked for. */
  HWENC_ERROR_REQUEST_CODEC_MISMATCH = -113,
  /** The encoder, demuxer or filter takes no option of this name. */
  HWENC_ERROR_OPTION_UNKNOWN = -130,
  /** The option exists and refuses the value. */
  HWENC_ERROR_OPTION_INVALID_VALUE = -131,
  /** The candidate is used. */
  HWENC_ERROR_POLICY_CHOSEN = -200,
  /** Every candidate was rejected. */
  HWENC_ERROR_SELECT_NO_ENCODER = -201,
  /** The candidate falls under a fallback that the request does not allow. */
  HWENC_ERROR_POLICY_FALLBACK_DENIED = -202,
  /** The request names other encoders or another device. */
  HWENC_ERROR_POLICY_NOT_REQUESTED = -203,
  /** A candidate before this one was taken. */
  HWENC_ERROR_POLICY_NOT_NEEDED = -204,
  /** Nothing was tried yet that answers the request. */
  HWENC_ERROR_SELECT_NEEDS_TRIALS = -205,
  /** The FFmpeg in this process was built without the encoder. */
  HWENC_ERROR_ENCODER_NOT_COMPILED = -220,
  /** The encoder cannot do what is asked: bit depth, chroma, rate control. */
  HWENC_ERROR_ENCODER_UNSUPPORTED = -221,
  /** The encoder did not open with these settings. */
  HWENC_ERROR_ENCODER_OPEN_FAILED = -222,
  /** The encoder failed while running. */
  HWENC_ERROR_ENCODER_FAILED = -223,
  /** This version of hwenc has no driver for the backend yet. */
  HWENC_ERROR_BACKEND_NOT_DRIVEN = -240,
  /** No device of the kind that the backend needs. */
  HWENC_ERROR_DEVICE_MISSING = -300,
  /** The device is there and this process may not open it. */
  HWENC_ERROR_DEVICE_PERMISSION_DENIED = -301,
  /** The device is there and does not open or start. */
  HWENC_ERROR_DEVICE_FAILED = -302,
  /** The device has no unit that encodes. */
  HWENC_ERROR_DEVICE_NO_ENCODER = -303,
  /** The device or its driver did not come back within the deadline. */
  HWENC_ERROR_DEVICE_HUNG = -304,
  /** Every encoding session that the driver allows is in use. */
  HWENC_ERROR_DEVICE_SESSION_LIMIT = -305,
  /** A picture could not be put on the device, while running. */
  HWENC_ERROR_DEVICE_UPLOAD_FAILED = -306,
  /** The driver took its process down. */
  HWENC_ERROR_DRIVER_CRASHED = -330,
  /** The driver took more memory than a trial may. */
  HWENC_ERROR_DRIVER_MEMORY_EXHAUSTED = -331,
  /** The driver is older than what the encoder library was built for. */
  HWENC_ERROR_DRIVER_TOO_OLD = -332,
  /** The runtime behind Quick Sync did not start. */
  HWENC_ERROR_RUNTIME_FAILED = -350,
  /** The first packet of the trial is not a picture that decoding can begin with. */
  HWENC_ERROR_TRIAL_NO_IDR = -400,
  /**
   * The stream of the trial names another size, profile, bit depth or colour than was asked for.
   */
  HWENC_ERROR_TRIAL_WRONG_STREAM = -401,
  /** The stream of the trial does not decode. */
  HWENC_ERROR_TRIAL_UNDECODABLE = -402,
  /** The stream of the trial decodes to other pictures than were sent. */
  HWENC_ERROR_TRIAL_WRONG_PICTURE = -403,
  /** Fewer pictures came out of the trial than went in. */
  HWENC_ERROR_TRIAL_INCOMPLETE = -404,
  /** Its last trial never ended, perhaps because the machine went down. */
  HWENC_ERROR_TRIAL_QUARANTINED = -405,
  /** No helper process could be started, and one is required. */
  HWENC_ERROR_HELPER_MISSING = -500,
  /** The helper uses another FFmpeg or hwenc than this process. */
  HWENC_ERROR_HELPER_MISMATCH = -501,
  /** The helper itself failed. */
  HWENC_ERROR_HELPER_FAILED = -502,
  /** A program that belongs to the `hwenc` command is not there, or does not start. */
  HWENC_ERROR_PROGRAM_MISSING = -510,
  /** A library that the backend loads at run time is missing. */
  HWENC_ERROR_LIBRARY_MISSING = -520,
  /** The library loaded and a symbol is missing from it. */
  HWENC_ERROR_LIBRARY_SYMBOL_MISSING = -521,
  /** A copy would be needed where `zero_copy = require`. */
  HWENC_ERROR_ENCODE_COPY_REQUIRED = -600,
  /** The picture handed in does not fit the session or its own planes. */
  HWENC_ERROR_PICTURE_INVALID = -610,
  /**
   * The pixels of a picture lie in memory as no picture of a known format does, or in another order
   * than is read.
   */
  HWENC_ERROR_PICTURE_LAYOUT = -611,
  /** The session was finished and takes no more pictures. */
  HWENC_ERROR_SESSION_FINISHED = -620,
  /** The session was closed and can be asked for nothing more. */
  HWENC_ERROR_SESSION_CLOSED = -621,
  /** No such file. */
  HWENC_ERROR_INPUT_NOT_FOUND = -700,
  /** The file may not be read. */
  HWENC_ERROR_INPUT_PERMISSION_DENIED = -701,
  /** A directory was given where a file belongs. */
  HWENC_ERROR_INPUT_IS_DIRECTORY = -702,
  /** The file holds no byte. */
  HWENC_ERROR_INPUT_EMPTY = -703,
  /** The content is no media that FFmpeg recognises. */
  HWENC_ERROR_INPUT_NOT_MEDIA = -704,
  /** The file ends before its content does. */
  HWENC_ERROR_INPUT_TRUNCATED = -705,
  /** Nothing in it is a video. */
  HWENC_ERROR_INPUT_NO_VIDEO = -706,
  /** A part of the stream does not decode. */
  HWENC_ERROR_INPUT_CORRUPT = -707,
  /** The pictures have a size that the codec cannot code. */
  HWENC_ERROR_INPUT_SIZE_UNSUPPORTED = -708,
  /** The FFmpeg in this process has no decoder for the stream. */
  HWENC_ERROR_INPUT_NO_DECODER = -709,
  /** Reading failed. */
  HWENC_ERROR_INPUT_FAILED = -710,
  /** Input and output are the same file. */
  HWENC_ERROR_OUTPUT_SAME_AS_INPUT = -800,
  /** The output exists. */
  HWENC_ERROR_OUTPUT_EXISTS = -801,
  /** The directory of the output does not exist. */
  HWENC_ERROR_OUTPUT_NO_DIRECTORY = -802,
  /** The output is a directory. */
  HWENC_ERROR_OUTPUT_IS_DIRECTORY = -803,
  /** The directory cannot be written. */
  HWENC_ERROR_OUTPUT_PERMISSION_DENIED = -804,
  /** The ending of the name tells no container that hwenc writes. */
  HWENC_ERROR_OUTPUT_UNKNOWN_CONTAINER = -805,
  /** The container cannot hold the codec. */
  HWENC_ERROR_OUTPUT_UNSUPPORTED_CODEC = -806,
  /** No space left. */
  HWENC_ERROR_OUTPUT_DISK_FULL = -807,
  /** The reader at the other end went away. */
  HWENC_ERROR_OUTPUT_CLOSED = -808,
  /** Writing failed. */
  HWENC_ERROR_OUTPUT_FAILED = -809,
  /** A saved report cannot be read. */
  HWENC_ERROR_REPORT_INVALID = -900,
  /** A filter could not be made or failed. */
  HWENC_ERROR_FILTER_FAILED = -910,
  /** The caller cancelled. */
  HWENC_ERROR_CANCELLED = -920,
  /** The output would have become larger than allowed. */
  HWENC_ERROR_GATE_SIZE_EXCEEDED = -930,
  /** No memory. */
  HWENC_ERROR_MEMORY_EXHAUSTED = -940,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hwenc_status_value hwenc_status_value;
#else
typedef int32_t hwenc_status_value;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Levels of the log; each has those before it, too. */
enum hwenc_log_level_value
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /** Something failed. */
  HWENC_LOG_ERROR = 1,
  /** Something is lost. */
  HWENC_LOG_WARN = 2,
  /** What was done: sessions opened, decisions. */
  HWENC_LOG_INFO = 3,
  /** How it was done. */
  HWENC_LOG_DEBUG = 4,
  /** Everything. */
  HWENC_LOG_TRACE = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hwenc_log_level_value hwenc_log_level_value;
#else
typedef int32_t hwenc_log_level_value;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** A switch that stops a job from any thread. */
typedef struct hwenc_cancel hwenc_cancel;

/** Which encoder, and why not the others. */
typedef struct hwenc_decision hwenc_decision;

/** Why a function failed. */
typedef struct hwenc_error hwenc_error;

/** A subscription to the log. */
typedef struct hwenc_log hwenc_log;

/** A coded picture. */
typedef struct hwenc_packet hwenc_packet;

/** What a machine has, and what works there. */
typedef struct hwenc_report hwenc_report;

/**
 * What is wanted: codec, size and all that changes whether an encoder works. What is not set is
 * left to hwenc.
 */
typedef struct hwenc_request hwenc_request;

/** An open encoder. Use it from one thread at a time: a second one is told HWENC_ERROR_BUSY. */
typedef struct hwenc_session hwenc_session;

/** A job from file to file. What is not set follows the source or the encoder. */
typedef struct hwenc_transcode hwenc_transcode;

/**
 * What a function came to: HWENC_OK, something positive that is no failure, or a negative error.
 * See enum hwenc_status_value.
 */
typedef int32_t hwenc_status;

/**
 * One encoder on one device, and what became of it. Set struct_size before the call; strings belong
 * to the decision or error.
 */
typedef struct hwenc_candidate {
  /** sizeof(hwenc_candidate) */
  size_t struct_size;
  /** libavcodec's name, such as "h264_vaapi". */
  const char *encoder;
  /** "vaapi", "qsv", "cuda", "vulkan", "nvmpi", "v4l2m2m" or "software". */
  const char *backend;
  /** Node or index; NULL for the CPU, and where no device was found. */
  const char *device;
  /** "chosen", "usable" (another came first), "untried" or "rejected". */
  const char *verdict;
  /** Why, as a status: HWENC_ERROR_POLICY_CHOSEN for the one that is used. */
  hwenc_status status;
  /** How many lines of evidence there are. */
  uint32_t evidence_count;
  /** The name of that status, such as "device.permission_denied". */
  const char *code;
  /** Why, in one sentence for a person. */
  const char *message;
  /** What to do next; empty where nothing can be said. */
  const char *remedy;
  /** What shows it; may name paths and versions of this machine. */
  const char *const *evidence;
} hwenc_candidate;

/** How to probe. Zeros behind struct_size are the defaults. */
typedef struct hwenc_probe_options {
  /** sizeof(hwenc_probe_options) */
  size_t struct_size;
  /** HWENC_PROBE_..., or 0. */
  uint32_t flags;
  /** How long a driver may take for one answer, in milliseconds; 0: ten seconds. */
  uint32_t deadline_ms;
  /** Where reports are kept; NULL: the user's cache. */
  const char *cache_dir;
  /**
   * hwenc_probe() tries what answers for this request, software too; NULL: every codec at 1280x720.
   * hwenc_choose() takes its own request, and refuses one here.
   */
  const struct hwenc_request *request;
} hwenc_probe_options;

/**
 * Called once, when the session needs a picture's memory no more: from any thread, during any
 * function of the session or later. It must not throw, and must not use the session.
 */
typedef void (*hwenc_release_callback)(void *user);

/**
 * Pixels in memory. Begin with HWENC_PICTURE_INIT, which is a picture without content, and set what
 * there is.
 */
typedef struct hwenc_picture {
  /** sizeof(hwenc_picture) */
  size_t struct_size;
  /**
   * Pixel format by FFmpeg's name: "nv12", "yuv420p", "p010le", "bgra", "rgba", "rgb24", ... NULL:
   * the request's input format.
   */
  const char *format;
  /** Width in pixels; it must be the session's. */
  uint32_t width;
  /** Height in pixels; it must be the session's. */
  uint32_t height;
  /** The first byte of each plane; NULL for planes that the format does not have. */
  const uint8_t *planes[4];
  /** Bytes from one row of the plane to the next. Rows may be padded; the last one need not be. */
  size_t strides[4];
  /**
   * Bytes that can be read from the start of each plane; 0: as many as stride and height ask for.
   */
  size_t sizes[4];
  /**
   * Presentation time in the session's time base, above that of the picture before; HWENC_NO_PTS:
   * one frame later.
   */
  int64_t pts;
  /** How long it is shown in the session's time base; 0: one frame. */
  int64_t duration;
  /** HWENC_PICTURE_IDR, or 0. */
  uint32_t flags;
  /** What the numbers mean, as AVColorRange numbers it: 0 unspecified, 1 limited, 2 full. */
  uint8_t color_range;
  /** Primaries as ITU-T H.273 numbers them; 0 and 2: the session's. */
  uint8_t color_primaries;
  /** Transfer characteristics as ITU-T H.273 numbers them; 0 and 2: the session's. */
  uint8_t color_transfer;
  /** Matrix as ITU-T H.273 numbers it; 0 and 2: the session's. RGB pictures have none. */
  uint8_t color_matrix;
  /**
   * NULL: the memory is borrowed for the call. Else it is the session's until this is called, which
   * happens exactly once, also when hwenc_session_send() fails; only where `picture` or its
   * struct_size is wrong it is not called.
   */
  hwenc_release_callback release;
  /** Handed to `release`. */
  void *user;
} hwenc_picture;

/** What went through a session. Set struct_size before the call. */
typedef struct hwenc_stats {
  /** sizeof(hwenc_stats) */
  size_t struct_size;
  /** Pictures sent. */
  uint64_t frames_in;
  /** Packets received. */
  uint64_t packets_out;
  /** Bytes of those packets. */
  uint64_t bytes_out;
  /** Pictures that were copied or converted on their way. */
  uint64_t copied_frames;
  /** Bytes that hwenc wrote in doing so. */
  uint64_t copied_bytes;
  /** IDR pictures that were asked for. */
  uint64_t forced_idr;
  /**
   * Times that a new encoder was opened in the middle, because the old one could not give an IDR.
   */
  uint64_t reopened;
} hwenc_stats;

/** Times and kind of a packet. Set struct_size before the call. */
typedef struct hwenc_packet_facts {
  /** sizeof(hwenc_packet_facts) */
  size_t struct_size;
  /** Presentation time in the time base; HWENC_NO_PTS where there is none. */
  int64_t pts;
  /**
   * Decoding time in the time base: packets come in this order. HWENC_NO_PTS where there is none.
   */
  int64_t dts;
  /** Duration in the time base; 0 where unknown. */
  int64_t duration;
  /** Seconds that one tick of these times counts: numerator. */
  int32_t time_base_num;
  /** Seconds that one tick of these times counts: denominator. */
  int32_t time_base_den;
  /** 1 where decoding can begin: an IDR picture, a key frame. Else 0. */
  uint32_t key;
  /** Always 0. */
  uint32_t reserved;
} hwenc_packet_facts;

/** How far a job is. */
typedef struct hwenc_progress {
  /** Size of this struct in the library that runs. */
  size_t struct_size;
  /** Pictures sent to the encoder. */
  uint64_t frames;
  /** Pictures that are expected in all; 0 where the source does not say. */
  uint64_t total_frames;
  /** Bytes written so far. */
  uint64_t bytes_out;
  /** Position in the film, in seconds. */
  double position_s;
  /** Length of the film in seconds; below 0 where the source does not say. */
  double duration_s;
  /** Part that is done, 0 to 1; below 0 where it cannot be told. */
  double fraction;
  /** Pictures per second of wall time. */
  double fps;
  /** Seconds of wall time that have passed. */
  double elapsed_s;
  /** Seconds of wall time that remain; below 0 where it cannot be told. */
  double eta_s;
} hwenc_progress;

/**
 * Told how far a job is, about ten times a second and once at the end, on the thread that runs it.
 * 0 goes on, anything else cancels the job. It must not throw.
 */
typedef int32_t (*hwenc_progress_callback)(void *user, const struct hwenc_progress *progress);

/** How much of the log is wanted, or how grave a line is: one of hwenc_log_level_value. */
typedef int32_t hwenc_log_level;

/**
 * Told a line of the log: its level, the part that says it ("hwenc::encode", "ffmpeg"), and what it
 * says. The strings live as long as the call. It comes on the thread that has something to say,
 * several at once perhaps. It must not throw; what hwenc would say while it runs is lost.
 */
typedef void (*hwenc_log_callback)(void *user,
                                   hwenc_log_level level,
                                   const char *target,
                                   const char *message);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/** Version of the library that runs: major << 16 | minor << 8 | patch. */
uint32_t hwenc_version(void);

/** The same as text, such as "0.1.0". It lives as long as the library. */
const char *hwenc_version_string(void);

/** HWENC_ABI_VERSION of the library that runs. */
uint32_t hwenc_abi_version(void);

/** Release of the FFmpeg in this process, such as "7.1.2". It lives as long as the library. */
const char *hwenc_ffmpeg_version(void);

/**
 * Lets this program be its own helper: drivers are probed in a process of their own, where they may
 * hang or crash. Call it first in main(), before any thread exists. It returns at once, but in a
 * process that hwenc itself started as helper: that one serves here, and ends here. Without this
 * call the hwenc command serves, where it is installed and has the same FFmpeg.
 */
void hwenc_helper(void);

/**
 * Names the program that serves as helper, for hosts that cannot call hwenc_helper() first in their
 * main(), such as plug-ins. That program has to do it, and have this process's FFmpeg. `command` is
 * the program, its arguments, and NULL; NULL instead of it takes it back. It counts for the whole
 * process. The user's HWENC_HELPER comes before it.
 */
hwenc_status hwenc_set_helper(const char *const *command,
                              struct hwenc_error **error);

/**
 * The stable name of a status, such as "device.permission_denied": the same as in the command, in
 * Rust and in Python. NULL for numbers that this library does not know. It lives as long as the
 * library.
 */
const char *hwenc_status_name(hwenc_status status);

/**
 * The status that the function returned. Of what is no error: HWENC_ERROR_INVALID_HANDLE, and the
 * other functions answer in kind.
 */
hwenc_status hwenc_error_status(const struct hwenc_error *error);

/** The name of the status, such as "device.permission_denied". Never NULL. */
const char *hwenc_error_code(const struct hwenc_error *error);

/** What happened, in one line for a person. Never NULL. */
const char *hwenc_error_message(const struct hwenc_error *error);

/** What to do next; empty where nothing can be said. Never NULL. */
const char *hwenc_error_remedy(const struct hwenc_error *error);

/** How many lines of evidence there are. */
size_t hwenc_error_evidence_count(const struct hwenc_error *error);

/**
 * A line of evidence: errno, AVERROR, a driver's own words. It may name paths and versions of this
 * machine. NULL where there is no such line.
 */
const char *hwenc_error_evidence(const struct hwenc_error *error,
                                 size_t index);

/** The value that was wrong; NULL where there is none. */
const char *hwenc_error_value(const struct hwenc_error *error);

/** What would have been legal instead of hwenc_error_value(); NULL where there is none. */
const char *hwenc_error_legal(const struct hwenc_error *error);

/** The errno, where the operating system refused; else 0. */
int32_t hwenc_error_os_error(const struct hwenc_error *error);

/** The AVERROR (libavutil/error.h), where FFmpeg refused; else 0. */
int32_t hwenc_error_av_error(const struct hwenc_error *error);

/** How many candidates were considered, where no encoder satisfies a request; else 0. */
size_t hwenc_error_candidate_count(const struct hwenc_error *error);

/** One of the candidates, from 0, and why it was not taken. Its strings belong to `of`. */
hwenc_status hwenc_error_candidate(const struct hwenc_error *of,
                                   size_t index,
                                   struct hwenc_candidate *candidate,
                                   struct hwenc_error **error);

/**
 * The whole error as JSON: code, message, evidence, remedy, and the candidates where there are any.
 * Never NULL.
 */
const char *hwenc_error_json(const struct hwenc_error *error);

/** Frees an error. NULL is fine. */
hwenc_status hwenc_error_free(struct hwenc_error *error);

/**
 * A request for a codec ("h264", "hevc", "av1", "vp9", "mjpeg") and a size in pixels: 30 frames per
 * second, 8 bit 4:2:0, quality 65, input NV12, no fallback.
 */
hwenc_status hwenc_request_new(const char *codec,
                               uint32_t width,
                               uint32_t height,
                               struct hwenc_request **request,
                               struct hwenc_error **error);

/** A request of its own with the same content. */
hwenc_status hwenc_request_copy(const struct hwenc_request *request,
                                struct hwenc_request **copy,
                                struct hwenc_error **error);

/** Frees a request. NULL is fine. */
hwenc_status hwenc_request_free(struct hwenc_request *request);

/** Checks every value that is wrong on any machine. hwenc_choose() does it, too. */
hwenc_status hwenc_request_validate(const struct hwenc_request *request,
                                    struct hwenc_error **error);

/** The request as JSON, to be kept or read by another language's hwenc. */
hwenc_status hwenc_request_to_json(const struct hwenc_request *request,
                                   char **json,
                                   struct hwenc_error **error);

/**
 * A request from such JSON. What it does not say is as after hwenc_request_new(); what hwenc does
 * not know is an error.
 */
hwenc_status hwenc_request_from_json(const char *json,
                                     struct hwenc_request **request,
                                     struct hwenc_error **error);

/** Nominal frame rate in frames per second, as a fraction: 30/1, 30000/1001. */
hwenc_status hwenc_request_set_fps(struct hwenc_request *request,
                                   int32_t num,
                                   int32_t den,
                                   struct hwenc_error **error);

/**
 * Seconds that one tick of a timestamp counts, as a fraction; without it one frame. For variable
 * frame rates a finer one, such as 1/90000.
 */
hwenc_status hwenc_request_set_time_base(struct hwenc_request *request,
                                         int32_t num,
                                         int32_t den,
                                         struct hwenc_error **error);

/** Bits per sample of what is coded: 8 or 10. */
hwenc_status hwenc_request_set_bit_depth(struct hwenc_request *request,
                                         uint32_t bits,
                                         struct hwenc_error **error);

/** Chroma subsampling of what is coded: "4:2:0" or "4:4:4". */
hwenc_status hwenc_request_set_chroma(struct hwenc_request *request,
                                      const char *chroma,
                                      struct hwenc_error **error);

/**
 * Format of the pictures that will come, by FFmpeg's name: "nv12", "bgra", ... Others are
 * converted, too.
 */
hwenc_status hwenc_request_set_input(struct hwenc_request *request,
                                     const char *format,
                                     struct hwenc_error **error);

/**
 * Colours of what is coded, in numbers of ITU-T H.273; range 1 is limited, 2 full. BT.709 is (1, 1,
 * 1, 1), BT.601 with 525 lines (1, 6, 6, 6), BT.2020 (1, 9, 14, 9), HDR10 (1, 9, 16, 9);
 * unspecified is (0, 2, 2, 2).
 */
hwenc_status hwenc_request_set_color(struct hwenc_request *request,
                                     uint32_t range,
                                     uint32_t primaries,
                                     uint32_t transfer,
                                     uint32_t matrix,
                                     struct hwenc_error **error);

/** Shape of a pixel; 1/1 without it. */
hwenc_status hwenc_request_set_sample_aspect_ratio(struct hwenc_request *request,
                                                   int32_t num,
                                                   int32_t den,
                                                   struct hwenc_error **error);

/** Constant quality, 0 (worst) to 100 (best), on one scale for all encoders. */
hwenc_status hwenc_request_set_quality(struct hwenc_request *request,
                                       uint32_t quality,
                                       struct hwenc_error **error);

/**
 * One quantiser for all pictures, on the codec's own scale: 0 to 51 for H.264 and HEVC, to 63 for
 * AV1.
 */
hwenc_status hwenc_request_set_qp(struct hwenc_request *request,
                                  uint32_t qp,
                                  struct hwenc_error **error);

/** Average bit rate in bits per second; peaks up to twice as high, over one second. */
hwenc_status hwenc_request_set_bitrate(struct hwenc_request *request,
                                       uint64_t bits,
                                       struct hwenc_error **error);

/** Constant bit rate in bits per second, over one second. */
hwenc_status hwenc_request_set_cbr(struct hwenc_request *request,
                                   uint64_t bits,
                                   struct hwenc_error **error);

/** Constant quality that no second exceeds a number of bits for. */
hwenc_status hwenc_request_set_qvbr(struct hwenc_request *request,
                                    uint32_t quality,
                                    uint64_t bits,
                                    struct hwenc_error **error);

/** Distance of key frames in pictures at most. */
hwenc_status hwenc_request_set_gop(struct hwenc_request *request,
                                   uint32_t pictures,
                                   struct hwenc_error **error);

/** B pictures in a row at most. */
hwenc_status hwenc_request_set_b_frames(struct hwenc_request *request,
                                        uint32_t pictures,
                                        struct hwenc_error **error);

/** "normal", or "low": one picture in, one packet out, where the encoder can. */
hwenc_status hwenc_request_set_latency(struct hwenc_request *request,
                                       const char *latency,
                                       struct hwenc_error **error);

/** The encoder's own speed preset, such as "medium" or "8". */
hwenc_status hwenc_request_set_preset(struct hwenc_request *request,
                                      const char *preset,
                                      struct hwenc_error **error);

/** Threads of a software encoder; 0 lets it choose. */
hwenc_status hwenc_request_set_threads(struct hwenc_request *request,
                                       uint32_t threads,
                                       struct hwenc_error **error);

/**
 * This encoder and no other, by libavcodec's name: an explicit choice, to which no fallback policy
 * applies.
 */
hwenc_status hwenc_request_set_encoder(struct hwenc_request *request,
                                       const char *encoder,
                                       struct hwenc_error **error);

/** This device and no other, such as "/dev/dri/renderD128". */
hwenc_status hwenc_request_set_device(struct hwenc_request *request,
                                      const char *device,
                                      struct hwenc_error **error);

/** The device that holds the pictures; an encoder there comes first. */
hwenc_status hwenc_request_set_input_device(struct hwenc_request *request,
                                            const char *device,
                                            struct hwenc_error **error);

/**
 * What may be used when no hardware encoder works: "deny", "software", or names of encoders with
 * commas between, in order.
 */
hwenc_status hwenc_request_set_fallback(struct hwenc_request *request,
                                        const char *fallback,
                                        struct hwenc_error **error);

/** "allow", or "require": a picture that would have to be copied or converted is refused. */
hwenc_status hwenc_request_set_zero_copy(struct hwenc_request *request,
                                         const char *policy,
                                         struct hwenc_error **error);

/**
 * Where SPS, PPS and sequence headers go: "in-band", into the stream before every key frame;
 * "global", beside it for containers, see hwenc_session_extradata().
 */
hwenc_status hwenc_request_set_parameter_sets(struct hwenc_request *request,
                                              const char *place,
                                              struct hwenc_error **error);

/**
 * Adds an option of the encoder itself, set last. One that it does not take is an error when it
 * opens.
 */
hwenc_status hwenc_request_set_option(struct hwenc_request *request,
                                      const char *key,
                                      const char *value,
                                      struct hwenc_error **error);

/**
 * Looks at this machine and tries encoders, in a helper process where there is one. `options` may
 * be NULL. It may take seconds where the cache knows nothing.
 */
hwenc_status hwenc_probe(const struct hwenc_probe_options *options,
                         struct hwenc_report **report,
                         struct hwenc_error **error);

/**
 * Decides which encoder to take on this machine, after trying what the request needs and nobody
 * tried before. `options` may be NULL. Where none will do, the error has every candidate and its
 * reason.
 */
hwenc_status hwenc_choose(const struct hwenc_request *request,
                          const struct hwenc_probe_options *options,
                          struct hwenc_decision **decision,
                          struct hwenc_error **error);

/** Reads a report of any machine, as `hwenc probe --json` writes it. */
hwenc_status hwenc_report_from_json(const char *json,
                                    struct hwenc_report **report,
                                    struct hwenc_error **error);

/** The report as JSON, indented. */
hwenc_status hwenc_report_to_json(const struct hwenc_report *report,
                                  char **json,
                                  struct hwenc_error **error);

/**
 * The report as other programs want it: "json", "nfd", "k8s", "dask" or "compose", as `hwenc probe
 * --format`.
 */
hwenc_status hwenc_report_format(const struct hwenc_report *report,
                                 const char *format,
                                 char **text,
                                 struct hwenc_error **error);

/**
 * A piece of configuration that hands the devices of the report on: "docker", "compose",
 * "kubernetes", "proxmox-lxc" or "proxmox-vm", as `hwenc doctor --snippet`.
 */
hwenc_status hwenc_report_snippet(const struct hwenc_report *report,
                                  const char *kind,
                                  char **text,
                                  struct hwenc_error **error);

/**
 * Decides by the report alone, of whatever machine it is; nothing is opened.
 * HWENC_ERROR_SELECT_NEEDS_TRIALS where something would have to be tried first, which
 * hwenc_choose() does for this machine.
 */
hwenc_status hwenc_report_select(const struct hwenc_report *report,
                                 const struct hwenc_request *request,
                                 struct hwenc_decision **decision,
                                 struct hwenc_error **error);

/**
 * What stands in the way of hardware encoding and what fixes it, as text for a terminal. `check`
 * names one check, NULL all of them. `flags` is HWENC_VERBOSE or 0.
 */
hwenc_status hwenc_report_doctor_text(const struct hwenc_report *report,
                                      const char *check,
                                      uint32_t flags,
                                      char **text,
                                      struct hwenc_error **error);

/**
 * The same as JSON: the verdict, and each check with its level ("ok", "warning", "problem").
 * Evidence only with HWENC_VERBOSE.
 */
hwenc_status hwenc_report_doctor_json(const struct hwenc_report *report,
                                      const char *check,
                                      uint32_t flags,
                                      char **json,
                                      struct hwenc_error **error);

/** How many problems the doctor finds: things that stand in the way of every GPU. 0 is good. */
hwenc_status hwenc_report_problems(const struct hwenc_report *report,
                                   uint32_t *problems,
                                   struct hwenc_error **error);

/** Frees a report. NULL is fine. */
hwenc_status hwenc_report_free(struct hwenc_report *report);

/**
 * libavcodec's name of the encoder that was chosen, such as "h264_vaapi". NULL for what is no
 * decision.
 */
const char *hwenc_decision_encoder(const struct hwenc_decision *decision);

/** Its backend, such as "vaapi". NULL for what is no decision. */
const char *hwenc_decision_backend(const struct hwenc_decision *decision);

/** Its device, such as "/dev/dri/renderD128"; NULL for the CPU, and for what is no decision. */
const char *hwenc_decision_device(const struct hwenc_decision *decision);

/** 1 where it is used because the fallback policy allows it and nothing better works, else 0. */
int32_t hwenc_decision_fallback_used(const struct hwenc_decision *decision);

/** How many candidates were considered; 0 for what is no decision. */
size_t hwenc_decision_candidate_count(const struct hwenc_decision *decision);

/**
 * One of the candidates, from 0, in the order in which they were considered. Its strings belong to
 * the decision.
 */
hwenc_status hwenc_decision_candidate(const struct hwenc_decision *decision,
                                      size_t index,
                                      struct hwenc_candidate *candidate,
                                      struct hwenc_error **error);

/**
 * The decision for a person: every candidate and its reason. `flags` is HWENC_VERBOSE for the
 * evidence, or 0.
 */
hwenc_status hwenc_decision_text(const struct hwenc_decision *decision,
                                 uint32_t flags,
                                 char **text,
                                 struct hwenc_error **error);

/** The decision as JSON, with its request and every candidate. */
hwenc_status hwenc_decision_to_json(const struct hwenc_decision *decision,
                                    char **json,
                                    struct hwenc_error **error);

/** Opens the encoder as it was decided. A decision can open any number of sessions. */
hwenc_status hwenc_decision_open(const struct hwenc_decision *decision,
                                 struct hwenc_session **session,
                                 struct hwenc_error **error);

/** Frees a decision; sessions that it opened live on. NULL is fine. */
hwenc_status hwenc_decision_free(struct hwenc_decision *decision);

/** Sends a picture. It never waits for a packet to be fetched: what comes out meanwhile is kept. */
hwenc_status hwenc_session_send(struct hwenc_session *session,
                                const struct hwenc_picture *picture,
                                struct hwenc_error **error);

/**
 * The next packet in decoding order: HWENC_OK with a packet, HWENC_NEED_INPUT or HWENC_FINISHED
 * without.
 */
hwenc_status hwenc_session_receive(struct hwenc_session *session,
                                   struct hwenc_packet **packet,
                                   struct hwenc_error **error);

/**
 * No more pictures will come; the rest is received until HWENC_FINISHED. Calling it again does
 * nothing.
 */
hwenc_status hwenc_session_finish(struct hwenc_session *session,
                                  struct hwenc_error **error);

/** The next picture that is sent becomes an IDR. */
hwenc_status hwenc_session_force_idr(struct hwenc_session *session, struct hwenc_error **error);

/** What went through so far; of a session that was closed, until then. */
hwenc_status hwenc_session_stats(const struct hwenc_session *session,
                                 struct hwenc_stats *stats,
                                 struct hwenc_error **error);

/** Seconds that one tick of timestamps in and out counts. */
hwenc_status hwenc_session_time_base(const struct hwenc_session *session,
                                     int32_t *num,
                                     int32_t *den,
                                     struct hwenc_error **error);

/**
 * Parameter sets, where "global" ones were asked for; `size` 0 and `data` NULL where there are
 * none. They belong to the session. Encoders whose drivers write them into the stream alone have
 * them with the first packet only.
 */
hwenc_status hwenc_session_extradata(struct hwenc_session *session,
                                     const uint8_t **data,
                                     size_t *size,
                                     struct hwenc_error **error);

/** libavcodec's name of the encoder in use. NULL for what is no session. */
const char *hwenc_session_encoder(const struct hwenc_session *session);

/** What was asked for, as a JSON object of names and values. NULL for what is no session. */
const char *hwenc_session_requested_json(const struct hwenc_session *session);

/**
 * What the open encoder says of itself, as a JSON object of names and values. NULL for what is no
 * session.
 */
const char *hwenc_session_applied_json(const struct hwenc_session *session);

/** The decision that the session came from, with every candidate. */
hwenc_status hwenc_session_decision(const struct hwenc_session *session,
                                    struct hwenc_decision **decision,
                                    struct hwenc_error **error);

/**
 * Closes the encoder: what was not received is thrown away, pictures are given back. Strings,
 * settings and counts can still be read; everything else is HWENC_ERROR_SESSION_CLOSED from here
 * on.
 */
hwenc_status hwenc_session_close(struct hwenc_session *session,
                                 struct hwenc_error **error);

/**
 * Closes and frees a session. NULL is fine. Where another thread is using it, it is closed when
 * that call ends.
 */
hwenc_status hwenc_session_free(struct hwenc_session *session);

/**
 * The bytes of a packet, not copied: they belong to the packet. NULL for what is no packet, and for
 * one that is empty.
 */
const uint8_t *hwenc_packet_data(const struct hwenc_packet *packet);

/** How many bytes there are; 0 for what is no packet. */
size_t hwenc_packet_size(const struct hwenc_packet *packet);

/** Times and kind of a packet. */
hwenc_status hwenc_packet_info(const struct hwenc_packet *packet,
                               struct hwenc_packet_facts *info,
                               struct hwenc_error **error);

/** Another handle to the same bytes; each is freed for itself. */
hwenc_status hwenc_packet_clone(const struct hwenc_packet *packet,
                                struct hwenc_packet **clone,
                                struct hwenc_error **error);

/** Frees a packet; its bytes go with the last handle to them. NULL is fine. */
hwenc_status hwenc_packet_free(struct hwenc_packet *packet);

/**
 * A job. `input` is a path, or a URL that FFmpeg reads; the ending of `output` names the container,
 * and the file appears when it is complete.
 */
hwenc_status hwenc_transcode_new(const char *input,
                                 const char *output,
                                 struct hwenc_transcode **job,
                                 struct hwenc_error **error);

/**
 * Checks all that the job alone can tell: no file is looked at. hwenc_transcode_run() does it, too.
 */
hwenc_status hwenc_transcode_check(const struct hwenc_transcode *job, struct hwenc_error **error);

/**
 * Runs the job as it is set now, on this thread. `progress` and `cancel` may be NULL; `user` is
 * handed to `progress`. `report` gets JSON as `hwenc transcode --json` prints it. After an error no
 * result is left, and the source never changes.
 */
hwenc_status hwenc_transcode_run(const struct hwenc_transcode *job,
                                 hwenc_progress_callback progress,
                                 void *user,
                                 struct hwenc_cancel *cancel,
                                 char **report,
                                 struct hwenc_error **error);

/** Frees a job; one that runs runs on. NULL is fine. */
hwenc_status hwenc_transcode_free(struct hwenc_transcode *job);

/**
 * Codec: "h264", "hevc", "av1", ... Without it what the container or the named encoder implies,
 * else H.264.
 */
hwenc_status hwenc_transcode_set_codec(struct hwenc_transcode *job,
                                       const char *codec,
                                       struct hwenc_error **error);

/** Size in pixels, as it is seen: a film that players turn is turned already. */
hwenc_status hwenc_transcode_set_size(struct hwenc_transcode *job,
                                      uint32_t width,
                                      uint32_t height,
                                      struct hwenc_error **error);

/** Bits per sample of what is coded: 8 or 10. */
hwenc_status hwenc_transcode_set_bit_depth(struct hwenc_transcode *job,
                                           uint32_t bits,
                                           struct hwenc_error **error);

/** Constant quality, 0 (worst) to 100 (best), on one scale for all encoders. */
hwenc_status hwenc_transcode_set_quality(struct hwenc_transcode *job,
                                         uint32_t quality,
                                         struct hwenc_error **error);

/** One quantiser for all pictures, on the codec's own scale. */
hwenc_status hwenc_transcode_set_qp(struct hwenc_transcode *job,
                                    uint32_t qp,
                                    struct hwenc_error **error);

/** Average bit rate in bits per second. */
hwenc_status hwenc_transcode_set_bitrate(struct hwenc_transcode *job,
                                         uint64_t bits,
                                         struct hwenc_error **error);

/** Constant bit rate in bits per second, over one second. */
hwenc_status hwenc_transcode_set_cbr(struct hwenc_transcode *job,
                                     uint64_t bits,
                                     struct hwenc_error **error);

/** Constant quality that no second exceeds a number of bits for. */
hwenc_status hwenc_transcode_set_qvbr(struct hwenc_transcode *job,
                                      uint32_t quality,
                                      uint64_t bits,
                                      struct hwenc_error **error);

/** Distance of key frames in pictures at most. */
hwenc_status hwenc_transcode_set_gop(struct hwenc_transcode *job,
                                     uint32_t pictures,
                                     struct hwenc_error **error);

/** The encoder's own speed preset. */
hwenc_status hwenc_transcode_set_preset(struct hwenc_transcode *job,
                                        const char *preset,
                                        struct hwenc_error **error);

/** Threads of a software encoder; 0 lets it choose. */
hwenc_status hwenc_transcode_set_threads(struct hwenc_transcode *job,
                                         uint32_t threads,
                                         struct hwenc_error **error);

/** This encoder and no other. */
hwenc_status hwenc_transcode_set_encoder(struct hwenc_transcode *job,
                                         const char *encoder,
                                         struct hwenc_error **error);

/** This device and no other. */
hwenc_status hwenc_transcode_set_device(struct hwenc_transcode *job,
                                        const char *device,
                                        struct hwenc_error **error);

/**
 * What may be used when no hardware encoder works: "deny", "software", or names of encoders with
 * commas between.
 */
hwenc_status hwenc_transcode_set_fallback(struct hwenc_transcode *job,
                                          const char *fallback,
                                          struct hwenc_error **error);

/** "allow", or "require": pictures must not be copied on their way to the encoder. */
hwenc_status hwenc_transcode_set_zero_copy(struct hwenc_transcode *job,
                                           const char *policy,
                                           struct hwenc_error **error);

/** Where the source is decoded: "auto", "cpu" or "device". */
hwenc_status hwenc_transcode_set_decode_on(struct hwenc_transcode *job,
                                           const char *place,
                                           struct hwenc_error **error);

/** Adds an option of the encoder itself. */
hwenc_status hwenc_transcode_set_option(struct hwenc_transcode *job,
                                        const char *key,
                                        const char *value,
                                        struct hwenc_error **error);

/**
 * What happens when a part of the source does not decode: "fail", or "skip" to leave it out and
 * count it.
 */
hwenc_status hwenc_transcode_set_on_corrupt(struct hwenc_transcode *job,
                                            const char *policy,
                                            struct hwenc_error **error);

/**
 * Stop with HWENC_ERROR_GATE_SIZE_EXCEEDED when the result would become larger than this share of
 * the source.
 */
hwenc_status hwenc_transcode_set_max_size_ratio(struct hwenc_transcode *job,
                                                double ratio,
                                                struct hwenc_error **error);

/** MP4: not 0 puts the index first, so that playing can begin before everything has arrived. */
hwenc_status hwenc_transcode_set_faststart(struct hwenc_transcode *job,
                                           int32_t on,
                                           struct hwenc_error **error);

/** Not 0 lets the result replace an existing file. */
hwenc_status hwenc_transcode_set_overwrite(struct hwenc_transcode *job,
                                           int32_t on,
                                           struct hwenc_error **error);

/** A switch that is off. */
hwenc_status hwenc_cancel_new(struct hwenc_cancel **cancel, struct hwenc_error **error);

/**
 * Stops the jobs that run with this switch: they return HWENC_ERROR_CANCELLED after the picture at
 * hand, and leave no file. From any thread, but not from a signal handler.
 */
hwenc_status hwenc_cancel_cancel(struct hwenc_cancel *cancel,
                                 struct hwenc_error **error);

/** 1 once it was switched on, else 0. */
int32_t hwenc_cancel_is_cancelled(const struct hwenc_cancel *cancel);

/** Frees a switch. NULL is fine; a job that runs with it keeps what it needs of it. */
hwenc_status hwenc_cancel_free(struct hwenc_cancel *cancel);

/**
 * Has lines of the log told to `callback`, up to a level, until the subscription is freed. There
 * can be any number of them. FFmpeg's own lines are among them only after
 * hwenc_log_capture_ffmpeg().
 */
hwenc_status hwenc_log_subscribe(hwenc_log_level level,
                                 hwenc_log_callback callback,
                                 void *user,
                                 struct hwenc_log **log,
                                 struct hwenc_error **error);

/**
 * Ends a subscription: when it returns, no other thread is in the callback, and it is not called
 * again. NULL is fine.
 */
hwenc_status hwenc_log_free(struct hwenc_log *log);

/**
 * Takes FFmpeg's log callback, of which there is one per process: its lines then go to the
 * subscriptions (target "ffmpeg"), and as evidence to the error of the call that caused them.
 * Without it FFmpeg writes to standard error, as it always does.
 */
hwenc_status hwenc_log_capture_ffmpeg(struct hwenc_error **error);

/**
 * Has FFmpeg write warnings and errors to standard error and no more, unless somebody in this
 * process has chosen its level already. What hwenc_log_capture_ffmpeg() passes on stays whole.
 */
void hwenc_log_quiet_ffmpeg(void);

/** Frees a string that a function put into a char ** parameter. NULL is fine. */
hwenc_status hwenc_string_free(char *string);

/**
 * How many handles and strings of this library are not yet freed: for tests that look for leaks.
 */
size_t hwenc_handles_open(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HWENC_H */
