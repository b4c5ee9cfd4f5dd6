// Compiles a .cu file to machine code or PTX through a given NVRTC library, on a machine that needs no GPU, headers or CUDA compiler.
//   nvrtc_compile LIBRARY ARCHITECTURE SOURCE OUTPUT [INCLUDE_FOLDER...]
// An architecture of sm_NN gives a cubin, compute_NN gives PTX. The compiler's log, with registers and spills, goes to standard output.
#include <dlfcn.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using Program = void*;

template <typename Function>
Function find(void* library, const char* name) {
    return reinterpret_cast<Function>(dlsym(library, name));
}

struct Nvrtc {
    explicit Nvrtc(void* library)
        : create(find<decltype(create)>(library, "nvrtcCreateProgram")),
          compile(find<decltype(compile)>(library, "nvrtcCompileProgram")),
          log_size(find<decltype(log_size)>(library, "nvrtcGetProgramLogSize")),
          log(find<decltype(log)>(library, "nvrtcGetProgramLog")),
          cubin_size(find<decltype(cubin_size)>(library, "nvrtcGetCUBINSize")),
          cubin(find<decltype(cubin)>(library, "nvrtcGetCUBIN")),
          ptx_size(find<decltype(ptx_size)>(library, "nvrtcGetPTXSize")),
          ptx(find<decltype(ptx)>(library, "nvrtcGetPTX")) {}

    bool is_complete() const { return create && compile && log_size && log && cubin_size && cubin && ptx_size && ptx; }

    int (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*);
    int (*compile)(Program, int, const char* const*);
    int (*log_size)(Program, std::size_t*);
    int (*log)(Program, char*);
    int (*cubin_size)(Program, std::size_t*);
    int (*cubin)(Program, char*);
    int (*ptx_size)(Program, std::size_t*);
    int (*ptx)(Program, char*);
};

int fail(const char* what, const char* why) {
    std::fprintf(stderr, "nvrtc_compile: %s: %s\n", what, why);
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(stderr, "usage: nvrtc_compile LIBRARY ARCHITECTURE SOURCE OUTPUT [INCLUDE_FOLDER...]\n");
        return 2;
    }
    void* library = dlopen(argv[1], RTLD_NOW);
    if (library == nullptr) {
        return fail(argv[1], dlerror());
    }
    const Nvrtc nvrtc(library);
    if (!nvrtc.is_complete()) {
        return fail(argv[1], "this is no NVRTC library of version 12");
    }
    std::ifstream file(argv[3]);
    const std::string source((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (source.empty()) {
        return fail(argv[3], "the file cannot be read");
    }
    const std::string architecture = argv[2];
    const bool wants_ptx = architecture.compare(0, 8, "compute_") == 0;
    std::vector<std::string> options = {"--gpu-architecture=" + architecture, "--std=c++17", "-default-device"};
    if (!wants_ptx) {
        options.push_back("--ptxas-options=-v");
    }
    for (int i = 5; i < argc; ++i) {
        options.push_back(std::string("--include-path=") + argv[i]);
    }
    std::vector<const char*> pointers;
    for (const std::string& option : options) {
        pointers.push_back(option.c_str());
    }

    Program program = nullptr;
    if (nvrtc.create(&program, source.c_str(), argv[3], 0, nullptr, nullptr) != 0) {
        return fail(argv[3], "no program could be made of it");
    }
    const int status = nvrtc.compile(program, static_cast<int>(pointers.size()), pointers.data());
    std::size_t size = 0;
    nvrtc.log_size(program, &size);
    std::vector<char> text(size + 1);
    nvrtc.log(program, text.data());
    std::fputs(text.data(), status == 0 ? stdout : stderr);
    if (status != 0) {
        return fail(argv[3], ("it does not compile for " + architecture).c_str());
    }
    (wants_ptx ? nvrtc.ptx_size : nvrtc.cubin_size)(program, &size);
    std::vector<char> image(size);
    (wants_ptx ? nvrtc.ptx : nvrtc.cubin)(program, image.data());
    std::ofstream(argv[4], std::ios::binary).write(image.data(), static_cast<std::streamsize>(image.size()));
    return 0;
}
