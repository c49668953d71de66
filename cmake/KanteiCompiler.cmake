# Warnings, sanitizers and the compiler cache, in one place.
set(KANTEI_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
    # GCC 12 sees overlapping copies in std::string + char* that cannot be (GCC bug 105329).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-stringop-overflow>)
if(KANTEI_WERROR)
  list(APPEND KANTEI_WARNINGS -Werror)
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")

if(KANTEI_SANITIZE)
  # At -O1 with sanitizers GCC 12 takes empty optionals in LibTorch's headers for uninitialised ones.
  list(APPEND KANTEI_WARNINGS $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_compile_options(-fsanitize=${KANTEI_SANITIZE} -fno-omit-frame-pointer -DKANTEI_SANITIZED=1)
  add_link_options(-fsanitize=${KANTEI_SANITIZE})
endif()

find_program(KANTEI_CCACHE ccache)
if(KANTEI_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without these ccache refuses every file that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${KANTEI_CCACHE})
endif()
