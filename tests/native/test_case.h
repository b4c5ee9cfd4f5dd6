// The smallest runner that does: TEST_CASE(name) { CHECK(...); } and TERCET_TEST_MAIN. The program runs the case named by its argument, or all.
#pragma once

#include <cstdio>
#include <cstring>
#include <vector>

namespace test {

struct Case {
    const char* name;
    void (*body)();
};

inline std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

inline int& failures() {
    static int count = 0;
    return count;
}

struct Registration {
    Registration(const char* name, void (*body)()) { cases().push_back({name, body}); }
};

inline int run(int argc, char** argv) {
    int ran = 0;
    for (const Case& each : cases()) {
        if (argc > 1 && std::strcmp(argv[1], each.name) != 0) {
            continue;
        }
        each.body();
        ++ran;
    }
    if (ran == 0) {
        std::fprintf(stderr, "no such test case\n");
        return 2;
    }
    return failures() == 0 ? 0 : 1;
}

}  // namespace test

#define TEST_CASE(name)                                           \
    static void name();                                           \
    static const test::Registration name##_registration(#name, name); \
    static void name()

#define CHECK(condition)                                                                          \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            std::fprintf(stderr, "%s:%d: CHECK(%s) failed\n", __FILE__, __LINE__, #condition);    \
            ++test::failures();                                                                   \
        }                                                                                         \
    } while (false)

#define TERCET_TEST_MAIN \
    int main(int argc, char** argv) { return test::run(argc, argv); }
