// Runs the compiled kernels on a card and compares them with float64, then times the fused pass.
//   device_check IMAGE [--small] [--driver LIBRARY]
// Talks to the driver's library alone, in managed memory, so that it is the tests' own problems that run. --small leaves the large sizes out.
#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "mining_problem.h"

namespace {

using Handle = void*;
using Address = unsigned long long;

// The driver's functions that are used, by name.
struct Driver {
    explicit Driver(void* library) : library_(library) {}

    template <typename... Parameters>
    int status(const char* name, Parameters... parameters) {
        auto function = reinterpret_cast<int (*)(Parameters...)>(dlsym(library_, name));
        return function == nullptr ? -1 : function(parameters...);
    }

    template <typename... Parameters>
    void call(const char* name, Parameters... parameters) {
        const int error = status(name, parameters...);
        if (error != 0) {
            std::fprintf(stderr, "device_check: %s gave error %d\n", name, error);
            std::exit(1);
        }
    }

private:
    void* library_;
};

class CardMachine final : public test::Machine {
public:
    void open(void* library, const std::vector<char>& image) {
        driver_ = std::make_unique<Driver>(library);
        int minor = 0;
        char name[256] = {};
        Handle context = nullptr;
        driver_->call("cuInit", 0u);
        driver_->call("cuDeviceGet", &device_, 0);
        driver_->call("cuDeviceGetName", static_cast<char*>(name), 255, device_);
        driver_->call("cuDeviceGetAttribute", &major_, 75, device_);
        driver_->call("cuDeviceGetAttribute", &minor, 76, device_);
        driver_->call("cuDeviceGetAttribute", &multiprocessors_, 16, device_);
        driver_->call("cuDevicePrimaryCtxRetain", &context, device_);
        driver_->call("cuCtxSetCurrent", context);
        driver_->call("cuModuleLoadData", &module_, static_cast<const void*>(image.data()));
        driver_->call("cuEventCreate", &start_, 0u);
        driver_->call("cuEventCreate", &end_, 0u);
        std::printf("%s, compute capability %d.%d\n", name, major_, minor);
    }

    void* allocate(std::size_t bytes) override {
        constexpr unsigned kAttachGlobal = 1;
        Address address = 0;
        driver_->call("cuMemAllocManaged", &address, std::max<std::size_t>(bytes, 1), kAttachGlobal);
        blocks_[address] = std::max<std::size_t>(bytes, 1);
        return reinterpret_cast<void*>(static_cast<std::uintptr_t>(address));
    }

    void release(void* address) override {
        const auto number = static_cast<Address>(reinterpret_cast<std::uintptr_t>(address));
        blocks_.erase(number);
        driver_->call("cuMemFree_v2", number);
    }

    const char* launch(const char* kernel, int blocks, int block_rows, const void* arguments, int threads, int dynamic_bytes) override {
        constexpr int kLargestDynamicBytes = 8;
        Handle function = nullptr;
        driver_->call("cuModuleGetFunction", &function, module_, kernel);
        if (dynamic_bytes > 0) {
            driver_->call("cuFuncSetAttribute", function, kLargestDynamicBytes, dynamic_bytes);
        }
        // What the host has touched would otherwise travel page by page while the kernel is timed.
        for (const auto& block : blocks_) {
            driver_->status("cuMemPrefetchAsync", block.first, block.second, device_, static_cast<Handle>(nullptr));
        }
        void* parameters[] = {const_cast<void*>(arguments)};
        driver_->call("cuEventRecord", start_, static_cast<Handle>(nullptr));
        driver_->call("cuLaunchKernel", function, static_cast<unsigned>(blocks), static_cast<unsigned>(block_rows), 1u, static_cast<unsigned>(threads), 1u, 1u,
                      static_cast<unsigned>(dynamic_bytes), static_cast<Handle>(nullptr),
                      static_cast<void**>(parameters), static_cast<void**>(nullptr));
        driver_->call("cuEventRecord", end_, static_cast<Handle>(nullptr));
        driver_->call("cuEventSynchronize", end_);
        float milliseconds = 0;
        driver_->call("cuEventElapsedTime", &milliseconds, start_, end_);
        milliseconds_[kernel] += milliseconds;
        return nullptr;
    }

    int compute_major() const { return major_; }
    // Of two blocks, each on a multiprocessor of its own.
    int clusters() const { return std::max(1, multiprocessors_ / 2); }

    // Whether the image has a kernel for this card.
    bool has(const char* kernel) {
        Handle function = nullptr;
        return driver_->status("cuModuleGetFunction", &function, module_, kernel) == 0;
    }

    // Of all launches of all kernels since the last call.
    float take_milliseconds() {
        float sum = 0;
        for (const auto& each : milliseconds_) {
            sum += each.second;
        }
        milliseconds_.clear();
        return sum;
    }

private:
    std::unique_ptr<Driver> driver_;
    int device_ = 0;
    int major_ = 0, multiprocessors_ = 1;
    Handle module_ = nullptr, start_ = nullptr, end_ = nullptr;
    std::map<Address, std::size_t> blocks_;
    std::map<std::string, float> milliseconds_;
};

CardMachine& card() {
    // Never taken down: the driver's library may be gone before this would be.
    static CardMachine* only = new CardMachine;
    return *only;
}

int wrong = 0;

// Every anchor, or a sample of them where there are many.
void check(test::MiningProblem& problem, const char* what) {
    std::vector<int> found[tercet::kKinds];
    const int all = (1 << tercet::kKinds) - 1;
    if (!problem.prepare() || !problem.find_extremes(all, found)) {
        ++wrong;
        return;
    }
    int different = 0, checked = 0;
    const int step = std::max(1, problem.anchor_count() / 2000 * 31);
    for (int anchor = 0; anchor < problem.anchor_count(); anchor += step, ++checked) {
        for (int kind = 0; kind < tercet::kKinds; ++kind) {
            const int chosen = found[kind][static_cast<std::size_t>(anchor)], expected = problem.oracle(kind, anchor);
            const double left = chosen < 0 ? -1 : problem.exact_key(anchor, chosen), right = expected < 0 ? -1 : problem.exact_key(anchor, expected);
            different += chosen == expected || (left != right && std::fabs(left - right) <= 1e-14 * (1 + right)) ? 0 : 1;
        }
    }
    std::printf("%-40s %6d anchors, %5d checked, %5d scanned again, %d wrong\n", what, problem.anchor_count(), checked, problem.rescanned(), different);
    wrong += different;
}

void check_semi_hard(test::MiningProblem& problem, bool counts, const char* what) {
    const test::SemiHardRequest request = {0.2, false, counts, true, 4};
    test::SemiHardAnswers answers;
    const bool ran = problem.prepare() && problem.find_semi_hard(request, answers);
    const int different = ran ? test::count_wrong(problem, request, answers, 1) : 1;
    std::printf("%-40s %6d anchors, %5d buckets scanned again, %d wrong\n", what, problem.anchor_count(), answers.rescanned, different);
    wrong += different;
}

void check_nearest(const test::Matrix& anchors, const test::Matrix& gallery, test::Metric metric, test::Unit unit, int k, const char* what) {
    test::MiningProblem problem(anchors, gallery, metric);
    problem.set_unit(unit);
    test::NearestAnswers answers;
    const bool ran = problem.prepare() && problem.find_nearest(k, 64, answers);
    const int different = ran ? problem.count_wrong_nearest(k, answers, std::max(1, problem.anchor_count() / 300)) : 1;
    std::printf("%-40s %6d queries, k = %d, at most %d candidates, %d seen whole, %d wrong\n", what, problem.anchor_count(), k, answers.most_candidates, answers.seen_whole, different);
    wrong += different;
}

void check_loss(const test::Matrix& rows, test::Metric metric, const char* what) {
    test::MiningProblem problem(rows, metric, true);
    problem.add_every_row();
    test::LossAnswers answers;
    const bool good = problem.prepare() && problem.sum_terms(0.2, false, true, 4, answers) && answers.agree_with(problem.loss_oracle(0.2, false), metric);
    std::printf("%-40s %6d rows, %llu terms above 0, %s\n", what, rows.count, static_cast<unsigned long long>(answers.non_zero), good ? "0 wrong" : "wrong");
    wrong += good ? 0 : 1;
}

// In as many clusters as the card runs at once each has one job here, or none. In three and in one, a cluster has several: rings are gone round, and rows change.
void check_warp_groups(test::Metric metric, test::Rows kind, bool small, std::mt19937& random) {
    const int count = small ? 270 : 700;
    // Anchors' images that stay, and such as are streamed.
    const int depth = kind != test::Rows::kNormal ? 37 : metric == test::Metric::kCosine ? 300 : 600;
    const test::Matrix rows = test::make_rows(kind, count, depth, count / 4, random), queries = test::make_rows(kind, small ? 20 : 300, 37, 9, random),
                       gallery = test::make_rows(kind, small ? 140 : count, 37, 9, random);
    for (int clusters : std::set<int>{card().clusters(), 3, 1}) {
        test::MiningProblem batch(rows, metric, true), rectangle(queries, gallery, metric);
        batch.set_unit(test::Unit::kWarpGroups, clusters);
        rectangle.set_unit(test::Unit::kWarpGroups, clusters);
        char what[64];
        std::snprintf(what, sizeof what, "batch, %d clusters, images %s", clusters, depth > 512 ? "streamed" : "that stay");
        check(batch, what);
        std::snprintf(what, sizeof what, "anchors against a gallery, %d clusters", clusters);
        check(rectangle, what);
    }
}

void report(const char* what, const char* rule, std::vector<float> times, double flop) {
    std::sort(times.begin(), times.end());
    const auto median = static_cast<double>(times[times.size() / 2]);
    std::printf("%-40s %s %.3f ms (median of %zu), %.2f TFLOP/s\n", what, rule, median, times.size(), flop / median * 1e-9);
}

const char* name_of(test::Unit unit) { return unit == test::Unit::kWarpGroups ? "warp groups" : unit == test::Unit::kTensorCores ? "tensor cores" : "float32"; }

void time_semi_hard(int count, int depth, test::Unit unit) {
    std::mt19937 random(8u);
    test::MiningProblem problem(test::make_rows(test::Rows::kUnit, count, depth, count / 16, random), test::Metric::kSquaredEuclidean, true);
    problem.set_unit(unit);
    char what[64];
    std::snprintf(what, sizeof what, "N = %d, D = %d, %s", count, depth, name_of(unit));
    problem.prepare();
    for (bool counts : {false, true}) {
        std::vector<float> times;
        const test::SemiHardRequest request = {0.2, false, counts, false, 512};
        for (int run = 0; run < 5; ++run) {
            test::SemiHardAnswers answers;
            card().take_milliseconds();
            problem.find_semi_hard(request, answers);
            times.push_back(card().take_milliseconds());
            if (run == 0) {
                const int different = test::count_wrong(problem, request, answers, std::max(1, count / 100));
                std::printf("%-40s %6d anchors, %5d buckets scanned again, %d wrong\n", what, problem.anchor_count(), answers.rescanned, different);
                wrong += different;
            }
        }
        report(what, counts ? "semi-hard, counted" : "semi-hard", times, 2.0 * count * count * depth);
    }
}

void time_loss(int count, int depth) {
    std::mt19937 random(9u);
    test::MiningProblem problem(test::make_rows(test::Rows::kUnit, count, depth, count / 16, random), test::Metric::kSquaredEuclidean, true);
    problem.add_every_row();
    char what[64];
    std::snprintf(what, sizeof what, "N = %d, D = %d, float32", count, depth);
    problem.prepare();
    std::vector<float> times;
    for (int run = 0; run < 3; ++run) {
        test::LossAnswers answers;
        card().take_milliseconds();
        problem.sum_terms(0.2, false, true, 8, answers);
        times.push_back(card().take_milliseconds());
    }
    report(what, "loss over all triplets and gradient", times, 4.0 * count * count * depth);
}

void time_extremes(test::MiningProblem& problem, const char* what, double flop) {
    check(problem, what);
    std::vector<float> times;
    for (int run = 0; run < 7; ++run) {
        std::vector<int> found[tercet::kKinds];
        card().take_milliseconds();
        problem.find_extremes(1 << tercet::kFarthestPositive | 1 << tercet::kNearestNegative, found);
        times.push_back(card().take_milliseconds());
    }
    report(what, "batch-hard", times, flop);
}

void time_pass(int count, int depth, test::Unit unit) {
    std::mt19937 random(7u);
    test::MiningProblem problem(test::make_rows(test::Rows::kUnit, count, depth, count / 16, random), test::Metric::kSquaredEuclidean, true);
    problem.set_unit(unit, card().clusters());
    char what[64];
    std::snprintf(what, sizeof what, "N = %d, D = %d, %s", count, depth, name_of(unit));
    time_extremes(problem, what, static_cast<double>(count) * count * depth);
}

void time_rectangle(int anchors, int count, int depth, test::Unit unit) {
    std::mt19937 random(10u);
    const test::Matrix queries = test::make_rows(test::Rows::kUnit, anchors, depth, count / 16, random), gallery = test::make_rows(test::Rows::kUnit, count, depth, count / 16, random);
    test::MiningProblem problem(queries, gallery, test::Metric::kSquaredEuclidean);
    problem.set_unit(unit, card().clusters());
    char what[64];
    std::snprintf(what, sizeof what, "%d against %d, D = %d, %s", anchors, count, depth, name_of(unit));
    time_extremes(problem, what, 2.0 * anchors * count * depth);
}

}  // namespace

test::Machine& test::machine() { return card(); }

int main(int argc, char** argv) {
    // A line at a time, so that what was said before a kernel hangs is not lost.
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    bool small = false;
    const char *image_path = nullptr, *library_path = "libcuda.so.1";
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--small") == 0) {
            small = true;
        } else if (std::strcmp(argv[i], "--driver") == 0 && i + 1 < argc) {
            library_path = argv[++i];
        } else {
            image_path = argv[i];
        }
    }
    if (image_path == nullptr) {
        std::fprintf(stderr, "usage: device_check IMAGE [--small] [--driver LIBRARY]\n");
        return 2;
    }
    std::ifstream file(image_path, std::ios::binary);
    std::vector<char> image((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    void* library = dlopen(library_path, RTLD_NOW);
    if (image.empty() || library == nullptr) {
        std::fprintf(stderr, "device_check: %s\n", image.empty() ? "the image cannot be read" : dlerror());
        return 1;
    }
    image.push_back('\0');
    card().open(library, image);

    const bool uses_tensor_cores = card().compute_major() >= 8, uses_warp_groups = card().compute_major() == 9 && card().has("extremes_wgmma_cosine");
    if (card().compute_major() == 9 && !uses_warp_groups) {
        std::printf("the image has no machine code for warp groups (sm_90a): wrong\n");
        ++wrong;
    }
    std::mt19937 random(5u);
    for (test::Metric metric : {test::Metric::kSquaredEuclidean, test::Metric::kCosine}) {
        for (test::Rows kind : {test::Rows::kNormal, test::Rows::kLattice, test::Rows::kFewDistinct, test::Rows::kFarFromOrigin}) {
            const int count = small ? 140 : 700;
            const test::Unit unit = uses_tensor_cores ? test::Unit::kTensorCores : test::Unit::kFloat32;
            test::MiningProblem batch(test::make_rows(kind, count, 37, count / 4, random), metric, true);
            check(batch, "batch");
            test::MiningProblem on_tensor_cores(test::make_rows(kind, count, 37, count / 4, random), metric, true);
            on_tensor_cores.set_unit(unit);
            check(on_tensor_cores, uses_tensor_cores ? "batch, tensor cores" : "batch, no tensor cores for float16 pairs");
            test::MiningProblem in_order(test::make_rows(kind, count, 21, 9, random), metric, false);
            check(in_order, "batch, anchors in the caller's order");
            if (uses_warp_groups) {
                check_warp_groups(metric, kind, small, random);
            }
            check_nearest(test::make_rows(kind, 50, 21, 3, random), test::make_rows(kind, count, 21, 5, random), metric, unit, 10, "nearest rows");
            test::MiningProblem semi_hard(test::make_rows(kind, count / 2, 21, count / 12, random), metric, true);
            check_semi_hard(semi_hard, true, "semi-hard, counted");
            semi_hard.set_unit(unit);
            check_semi_hard(semi_hard, false, uses_tensor_cores ? "semi-hard, tensor cores" : "semi-hard, no tensor cores for float16 pairs");
            check_loss(test::make_rows(kind, count / 2, 21, count / 12, random), metric, "loss over all triplets");
        }
    }
    const int wrongly_widened = test::count_wrongly_widened();
    std::printf("%-40s %d wrong\n", "float16 and bfloat16 to float32", wrongly_widened);
    wrong += wrongly_widened;
    for (const char* metric : {"moments_squared_euclidean", "moments_cosine"}) {
        if (!card().has(metric)) {
            std::printf("the image has no %s\n", metric);
            ++wrong;
        }
    }
    if (!small) {
        for (const auto& size : {std::pair<int, int>{1800, 128}, {8192, 512}, {65536, 128}, {65536, 512}, {65536, 1024}}) {
            time_pass(size.first, size.second, test::Unit::kFloat32);
            if (uses_tensor_cores) {
                time_pass(size.first, size.second, test::Unit::kTensorCores);
            }
            if (uses_warp_groups) {
                time_pass(size.first, size.second, test::Unit::kWarpGroups);
            }
            if (size.first == 65536 && size.second == 128) {
                for (test::Unit unit : {test::Unit::kTensorCores, test::Unit::kWarpGroups}) {
                    if (unit == test::Unit::kTensorCores ? uses_tensor_cores : uses_warp_groups) {
                        time_rectangle(8192, size.first, size.second, unit);
                    }
                }
            }
            if (size.first <= 65536 && size.second <= 128) {
                time_semi_hard(size.first, size.second, test::Unit::kFloat32);
                if (uses_tensor_cores) {
                    time_semi_hard(size.first, size.second, test::Unit::kTensorCores);
                }
                time_loss(size.first, size.second);
            }
        }
    }
    std::printf("%d wrong\n", wrong);
    return wrong == 0 ? 0 : 1;
}
