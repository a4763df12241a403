#include "model/checkpoints/embedded.hpp"

// The assembler copies the file into the program; the build says where it is, and compiles this again when it changes.
asm(".section .rodata\n"
    ".balign 64\n"
    "fedorbit_embedded_clip_begin:\n"
    ".incbin \"" FEDORBIT_EMBEDDED_CLIP
    "\"\n"
    "fedorbit_embedded_clip_end:\n"
    ".global fedorbit_embedded_clip_begin, fedorbit_embedded_clip_end\n"
    ".byte 0\n"
    ".previous\n");

extern "C" const std::byte fedorbit_embedded_clip_begin[], fedorbit_embedded_clip_end[];

namespace fedorbit {

std::span<const std::byte> embedded_clip() { return {fedorbit_embedded_clip_begin, fedorbit_embedded_clip_end}; }

}  // namespace fedorbit
