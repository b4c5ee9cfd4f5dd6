// A stack of its own for a piece of code that can stop in the middle.
#pragma once

#include <cstddef>
#include <memory>

#if !defined(__x86_64__) || defined(TERCET_UCONTEXT)
#define TERCET_FIBER_UCONTEXT
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define TERCET_FIBER_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TERCET_FIBER_ASAN
#endif
#endif

namespace tercet {
namespace simulation {

class Fiber {
public:
    Fiber();

    // Sets the fiber up to call the body when it is next resumed. The body must not return but call finish.
    void start(void (*body)());

    // Runs the fiber until it suspends. Called from outside any fiber.
    void resume();

    // Goes back to where the fiber was resumed. Called from inside it.
    void suspend();

private:
    static void enter();

    std::unique_ptr<char[]> stack_;
    void (*body_)() = nullptr;
#if defined(TERCET_FIBER_UCONTEXT)
    ucontext_t inside_{};
    ucontext_t outside_{};
#else
    void* inside_ = nullptr;
    void* outside_ = nullptr;
#endif
#if defined(TERCET_FIBER_ASAN)
    void* fake_stack_ = nullptr;
    const void* outer_bottom_ = nullptr;
    std::size_t outer_size_ = 0;
#endif
};

}  // namespace simulation
}  // namespace tercet
