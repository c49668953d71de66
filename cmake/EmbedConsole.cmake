# kantei_embed_console(TARGET): builds web/ (scripts/build_console) and compiles its files into TARGET, which then has
# kantei::server::ConsoleFiles(). As a script it writes the source:
#   cmake -DCONSOLE_DIST=DIR -DCONSOLE_SOURCE=FILE -P cmake/EmbedConsole.cmake
if(CMAKE_SCRIPT_MODE_FILE)
  function(bytes_of path variable)
    file(READ "${path}" hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    set(${variable} "${hex}" PARENT_SCOPE)
  endfunction()

  set(types index.html text/html app.js text/javascript app.css text/css icon.svg image/svg+xml)
  set(arrays "")
  set(rows "")
  set(number 0)
  if(CONSOLE_DIST)
    while(types)
      list(POP_FRONT types name type)
      set(file "${CONSOLE_DIST}/${name}")
      bytes_of("${file}" bytes)
      file(SHA256 "${file}" digest)
      string(SUBSTRING "${digest}" 0 32 digest)
      string(APPEND arrays "constexpr unsigned char kBytes${number}[] = {\n${bytes}};\n")
      # -n leaves the name and the time out: the same sources give the same program.
      execute_process(COMMAND gzip -9nc "${file}" OUTPUT_FILE "${CONSOLE_SOURCE}.gz" COMMAND_ERROR_IS_FATAL ANY)
      file(SIZE "${file}" plain)
      file(SIZE "${CONSOLE_SOURCE}.gz" small)
      set(gzip "{}")
      if(small LESS plain)
        bytes_of("${CONSOLE_SOURCE}.gz" bytes)
        string(APPEND arrays "constexpr unsigned char kGzip${number}[] = {\n${bytes}};\n")
        set(gzip "View(kGzip${number})")
      endif()
      file(REMOVE "${CONSOLE_SOURCE}.gz")
      string(APPEND rows "      {\"${name}\", \"${type}; charset=utf-8\", \"\\\"${digest}\\\"\", View(kBytes${number}), ${gzip}},\n")
      math(EXPR number "${number} + 1")
    endwhile()
  endif()
  set(body "  return {};\n")
  if(rows)
    set(body "  static const ConsoleFile kFiles[] = {\n${rows}  };\n  return kFiles;\n")
    string(APPEND arrays "
template <std::size_t kSize>
std::string_view View(const unsigned char (&bytes)[kSize]) {
  return {reinterpret_cast<const char*>(bytes), kSize};
}
")
  endif()
  file(WRITE "${CONSOLE_SOURCE}" "// Written by cmake/EmbedConsole.cmake.
#include \"kantei/server/console_files.h\"

#include <cstddef>

namespace kantei::server {
namespace {
${arrays}
}  // namespace

std::span<const ConsoleFile> ConsoleFiles() {
${body}}

}  // namespace kantei::server
")
  return()
endif()

option(KANTEI_BUILD_CONSOLE "Build the review console (needs esbuild and tsc) and put it into the program" ON)

function(kantei_embed_console target)
  set(dist ${CMAKE_BINARY_DIR}/console)
  set(source ${CMAKE_BINARY_DIR}/console_files.cc)
  set(self ${CMAKE_SOURCE_DIR}/cmake/EmbedConsole.cmake)
  if(KANTEI_BUILD_CONSOLE)
    find_program(KANTEI_ESBUILD esbuild)
    find_program(KANTEI_TSC tsc)
    if(NOT KANTEI_ESBUILD OR NOT KANTEI_TSC)
      message(FATAL_ERROR "The review console needs esbuild and tsc (Debian: esbuild, node-typescript). Install them with "
                          "scripts/bootstrap build, or build without the console: -DKANTEI_BUILD_CONSOLE=OFF")
    endif()
    file(GLOB_RECURSE inputs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*.ts ${CMAKE_SOURCE_DIR}/web/src/*.css)
    add_custom_command(
      OUTPUT ${source}
      COMMAND ${CMAKE_SOURCE_DIR}/scripts/build_console ${dist}
      COMMAND ${CMAKE_COMMAND} -DCONSOLE_DIST=${dist} -DCONSOLE_SOURCE=${source} -P ${self}
      DEPENDS ${inputs} ${CMAKE_SOURCE_DIR}/web/index.html ${CMAKE_SOURCE_DIR}/web/icon.svg ${CMAKE_SOURCE_DIR}/web/tsconfig.json
              ${CMAKE_SOURCE_DIR}/scripts/build_console ${self}
      COMMENT "Building the review console" VERBATIM)
  else()
    add_custom_command(OUTPUT ${source} COMMAND ${CMAKE_COMMAND} -DCONSOLE_SOURCE=${source} -P ${self} DEPENDS ${self} VERBATIM)
  endif()
  target_sources(${target} PRIVATE ${source})
endfunction()
