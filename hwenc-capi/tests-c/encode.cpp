// What a program of C++ does with hwenc: handles in unique_ptr, errors as exceptions, sessions in threads.
//
//   encode film     INPUT OUTPUT ENCODER
//   encode pictures ENCODER WIDTH HEIGHT COUNT THREADS STREAM SENT.y4m    (of thread n: STREAM.n)
#include <hwenc.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "pictures.h"

template <auto function>
struct Free {
    template <typename T>
    void operator()(T *handle) const {
        function(handle);
    }
};
using Request = std::unique_ptr<hwenc_request, Free<hwenc_request_free>>;
using Decision = std::unique_ptr<hwenc_decision, Free<hwenc_decision_free>>;
using Session = std::unique_ptr<hwenc_session, Free<hwenc_session_free>>;
using Packet = std::unique_ptr<hwenc_packet, Free<hwenc_packet_free>>;
using Job = std::unique_ptr<hwenc_transcode, Free<hwenc_transcode_free>>;
using Cancel = std::unique_ptr<hwenc_cancel, Free<hwenc_cancel_free>>;
using Text = std::unique_ptr<char, Free<hwenc_string_free>>;

// An error, with its error object freed.
struct Failure : std::runtime_error {
    explicit Failure(hwenc_error *error) : std::runtime_error(text(error)), status(hwenc_error_status(error)) {
        hwenc_error_free(error);
    }
    static std::string text(const hwenc_error *error) {
        return std::string(hwenc_error_code(error)) + ": " + hwenc_error_message(error);
    }
    hwenc_status status;
};

// Calls a function with an error object behind its arguments.
template <typename Function, typename... Arguments>
hwenc_status call(Function function, Arguments... arguments) {
    hwenc_error *error = nullptr;
    hwenc_status status = function(arguments..., &error);
    if (status < 0) {
        throw Failure(error);
    }
    return status;
}

// Puts an out-parameter into a unique_ptr.
template <typename Owner>
struct Out {
    explicit Out(Owner &owner) : owner(owner) {}
    ~Out() { owner.reset(handle); }
    Out(const Out &) = delete;
    Out &operator=(const Out &) = delete;
    operator typename Owner::pointer *() { return &handle; }
    Owner &owner;
    typename Owner::pointer handle = nullptr;
};

static void expect(bool holds, const char *what) {
    if (!holds) {
        throw std::logic_error(what);
    }
}

static std::string film(const char *input, const char *output, const char *encoder) {
    Job job;
    Text report;
    call(hwenc_transcode_new, input, output, static_cast<hwenc_transcode **>(Out(job)));
    call(hwenc_transcode_set_encoder, job.get(), encoder);
    call(hwenc_transcode_set_quality, job.get(), 80u);
    if (encoder == std::string("libx264")) {
        call(hwenc_transcode_set_preset, job.get(), "ultrafast");
    }

    // Another thread stops the first run; what was begun is gone.
    Cancel cancel;
    call(hwenc_cancel_new, static_cast<hwenc_cancel **>(Out(cancel)));
    std::atomic<bool> running{false};
    std::thread other([&] {
        while (!running) {
            std::this_thread::yield();
        }
        call(hwenc_cancel_cancel, cancel.get());
    });
    hwenc_progress_callback begun = [](void *user, const hwenc_progress *) -> int32_t {
        *static_cast<std::atomic<bool> *>(user) = true;
        return 0;
    };
    char *text = nullptr;
    hwenc_error *error = nullptr;
    hwenc_status status = hwenc_transcode_run(job.get(), begun, &running, cancel.get(), &text, &error);
    running = true;
    other.join();
    if (status == HWENC_OK) { // the film was over first
        hwenc_string_free(text);
        std::remove(output);
    } else {
        Failure failure(error);
        expect(failure.status == HWENC_ERROR_CANCELLED, failure.what());
        expect(!std::ifstream(output), "a cancelled job leaves no file");
    }

    call(hwenc_transcode_run, job.get(), nullptr, nullptr, nullptr, static_cast<char **>(Out(report)));
    return report.get();
}

static void drain(hwenc_session *session, std::ofstream &stream) {
    for (;;) {
        Packet packet;
        if (call(hwenc_session_receive, session, static_cast<hwenc_packet **>(Out(packet))) != HWENC_OK) {
            return;
        }
        auto *data = reinterpret_cast<const char *>(hwenc_packet_data(packet.get()));
        stream.write(data, static_cast<std::streamsize>(hwenc_packet_size(packet.get())));
    }
}

static void pictures(const char *encoder, uint32_t width, uint32_t height, uint32_t count, const std::string &file) {
    Request request;
    Decision decision;
    Session session;
    call(hwenc_request_new, "h264", width, height, static_cast<hwenc_request **>(Out(request)));
    call(hwenc_request_set_fps, request.get(), 25, 1);
    call(hwenc_request_set_encoder, request.get(), encoder);
    call(hwenc_request_set_input, request.get(), "yuv420p");
    call(hwenc_request_set_quality, request.get(), 85u);
    call(hwenc_request_set_threads, request.get(), 1u);
    call(hwenc_choose, request.get(), nullptr, static_cast<hwenc_decision **>(Out(decision)));
    call(hwenc_decision_open, decision.get(), static_cast<hwenc_session **>(Out(session)));

    std::ofstream stream(file, std::ios::binary);
    for (uint32_t n = 0; n < count; n++) {
        using Planes = std::vector<std::vector<uint8_t>>;
        auto planes = std::make_unique<Planes>();
        hwenc_picture picture = HWENC_PICTURE_INIT;
        picture.width = width;
        picture.height = height;
        for (int plane = 0; plane < 3; plane++) {
            auto &bytes = planes->emplace_back(plane_bytes(plane, width, height));
            draw(bytes.data(), plane, width, height, n);
            picture.planes[plane] = bytes.data();
            picture.strides[plane] = stride_of(plane, width);
            picture.sizes[plane] = bytes.size();
        }
        picture.user = planes.release();
        picture.release = [](void *user) { delete static_cast<Planes *>(user); };
        call(hwenc_session_send, session.get(), static_cast<const hwenc_picture *>(&picture));
        drain(session.get(), stream);
    }
    call(hwenc_session_finish, session.get());
    drain(session.get(), stream);
    expect(stream.flush().good(), "the stream could be written");
}

static void sent(const char *file, uint32_t width, uint32_t height, uint32_t count) {
    std::unique_ptr<FILE, Free<fclose>> to(fopen(file, "wb"));
    expect(to != nullptr, "the pictures could be written");
    write_head(to.get(), width, height);
    for (uint32_t n = 0; n < count; n++) {
        for (int plane = 0; plane < 3; plane++) {
            std::vector<uint8_t> bytes(plane_bytes(plane, width, height));
            draw(bytes.data(), plane, width, height, n);
            write_plane(to.get(), bytes.data(), plane, width, height);
        }
    }
}

int main(int argc, char **argv) try {
    hwenc_helper();
    std::vector<std::string> word(argv, argv + argc);
    if (argc == 5 && word[1] == "film") {
        std::cout << film(argv[2], argv[3], argv[4]) << "\n";
    } else if (argc == 9 && word[1] == "pictures") {
        auto number = [&](int at) { return static_cast<uint32_t>(std::stoul(word[at])); };
        std::vector<std::thread> threads;
        std::vector<std::exception_ptr> failures(number(6));
        for (uint32_t thread = 0; thread < number(6); thread++) {
            threads.emplace_back([&, thread] {
                try {
                    pictures(argv[2], number(3), number(4), number(5), word[7] + "." + std::to_string(thread));
                } catch (...) {
                    failures[thread] = std::current_exception();
                }
            });
        }
        for (auto &thread : threads) {
            thread.join();
        }
        for (auto &failure : failures) {
            if (failure) {
                std::rethrow_exception(failure);
            }
        }
        sent(argv[8], number(3), number(4), number(5));
    } else {
        throw std::invalid_argument("see the head of encode.cpp");
    }
    expect(hwenc_handles_open() == 0, "every handle was freed");
    return 0;
} catch (const std::exception &failure) {
    std::cerr << failure.what() << "\n";
    return 1;
}
