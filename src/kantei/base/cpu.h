// Hot loops compiled for several instruction sets and picked at run time, so that one binary serves old PCs too.
#pragma once

// GCC clones the function and resolves it once at load time. Sanitizers run before their runtime is up in such
// resolvers, and Clang 14 lacks the x86-64-vN names: both get the portable version only.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(KANTEI_SANITIZED)
#define KANTEI_MULTIARCH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KANTEI_MULTIARCH
#endif
