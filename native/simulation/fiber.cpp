#include "fiber.h"

#include <cstdint>
#include <cstdlib>

#if defined(TERCET_FIBER_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if !defined(TERCET_FIBER_UCONTEXT)
// Saves the callee-saved registers and the stack pointer, and takes over another fiber's: a switch without a system call.
extern "C" void tercet_switch_stack(void** from, void* to);
asm(R"(
.text
.globl tercet_switch_stack
.hidden tercet_switch_stack
.type tercet_switch_stack, @function
tercet_switch_stack:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
.size tercet_switch_stack, . - tercet_switch_stack
)");
#endif

namespace tercet {
namespace simulation {

namespace {

#if defined(TERCET_FIBER_ASAN)
constexpr std::size_t kStackBytes = 256 * 1024;
#else
constexpr std::size_t kStackBytes = 64 * 1024;
#endif

thread_local Fiber* current = nullptr;

}  // namespace

// Not initialised: pages that no fiber touches are never mapped.
Fiber::Fiber() : stack_(new char[kStackBytes]) {}

void Fiber::start(void (*body)()) {
    body_ = body;
#if defined(TERCET_FIBER_ASAN)
    // Frames that the last body left behind.
    __asan_unpoison_memory_region(stack_.get(), kStackBytes);
    fake_stack_ = nullptr;
#endif
#if defined(TERCET_FIBER_UCONTEXT)
    getcontext(&inside_);
    inside_.uc_stack.ss_sp = stack_.get();
    inside_.uc_stack.ss_size = kStackBytes;
    inside_.uc_link = nullptr;
    makecontext(&inside_, &Fiber::enter, 0);
#else
    // As after a call: the stack pointer is 8 below a multiple of 16 when enter begins.
    const std::uintptr_t top = (reinterpret_cast<std::uintptr_t>(stack_.get()) + kStackBytes) & ~static_cast<std::uintptr_t>(15);
    void** slot = reinterpret_cast<void**>(top);
    *--slot = nullptr;
    *--slot = reinterpret_cast<void*>(&Fiber::enter);
    for (int i = 0; i < 6; ++i) {
        *--slot = nullptr;
    }
    inside_ = slot;
#endif
}

void Fiber::resume() {
    current = this;
#if defined(TERCET_FIBER_ASAN)
    void* own_fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&own_fake_stack, stack_.get(), kStackBytes);
#endif
#if defined(TERCET_FIBER_UCONTEXT)
    swapcontext(&outside_, &inside_);
#else
    tercet_switch_stack(&outside_, inside_);
#endif
#if defined(TERCET_FIBER_ASAN)
    __sanitizer_finish_switch_fiber(own_fake_stack, nullptr, nullptr);
#endif
}

void Fiber::suspend() {
#if defined(TERCET_FIBER_ASAN)
    __sanitizer_start_switch_fiber(&fake_stack_, outer_bottom_, outer_size_);
#endif
#if defined(TERCET_FIBER_UCONTEXT)
    swapcontext(&inside_, &outside_);
#else
    tercet_switch_stack(&inside_, outside_);
#endif
#if defined(TERCET_FIBER_ASAN)
    __sanitizer_finish_switch_fiber(fake_stack_, &outer_bottom_, &outer_size_);
#endif
}

void Fiber::enter() {
    Fiber* self = current;
#if defined(TERCET_FIBER_ASAN)
    __sanitizer_finish_switch_fiber(nullptr, &self->outer_bottom_, &self->outer_size_);
#endif
    self->body_();
    for (;;) {
        self->suspend();
    }
}

}  // namespace simulation
}  // namespace tercet
