"""older_libstdcxx.py OUTPUT: lets TorchSharp's native library load where the system's libstdc++ is older than GCC 13's (Debian 12).

It needs one symbol of GLIBCXX_3.4.32, which only starts up iostreams. The need for that version is marked weak in the build output's copy, and the
symbol comes from a small library that the harness preloads into the peer alone."""
import ctypes
import pathlib
import struct
import subprocess
import sys

VERSION, SYMBOL = b"GLIBCXX_3.4.32", "_ZSt21ios_base_library_initv"


def elf_hash(name):
    value = 0
    for byte in name:
        value = (value << 4) + byte
        value = (value ^ (value & 0xF0000000) >> 24) & 0x0FFFFFFF
    return value


output = pathlib.Path(sys.argv[1])
if hasattr(ctypes.CDLL("libstdc++.so.6"), SYMBOL):
    sys.exit()
need = struct.pack("<I", elf_hash(VERSION))
library = next(output.glob("runtimes/linux-x64/native/libLibTorchSharp.so"))
code = library.read_bytes()
library.unlink()  # A link into the package cache must not be written through.
library.write_bytes(code.replace(need + b"\0\0", need + b"\2\0"))
source = '#include <ios>\nextern "C" void %s() { static std::ios_base::Init start; }\n' % SYMBOL
subprocess.run(["g++", "-shared", "-fPIC", "-O2", "-x", "c++", "-", "-o", str(output / "libios_init.so")], input=source, text=True, check=True)
