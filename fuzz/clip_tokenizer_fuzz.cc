// A tokenizer.json and a prompt, with a zero byte between: the file is refused, or every id of the prompt is one of its words.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "kantei/base/files.h"
#include "kantei/generate/clip_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fs = std::filesystem;
  static const fs::path folder = [] {
    fs::path made = fs::temp_directory_path() / ("kantei-fuzz-" + std::to_string(getpid()));
    fs::create_directories(made);
    return made;
  }();
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = all.find('\0');
  const std::string_view file = all.substr(0, zero);
  const std::string_view prompt = zero == all.npos ? std::string_view() : all.substr(zero + 1);
  if (!kantei::WriteFileAtomic(folder / "tokenizer.json", file).ok()) std::abort();
  const auto opened = kantei::generate::ClipTokenizer::Open(folder);
  const auto tokenizer = opened.ok() ? *opened : kantei::generate::ClipTokenizer::MakeBytes();
  const auto encoded = tokenizer.Encode(prompt, 3);
  if (!encoded.ok()) return 0;
  for (const auto& chunk : encoded->chunks) {
    if (chunk.size() != static_cast<std::size_t>(tokenizer.length())) std::abort();
    for (const std::int64_t id : chunk) {
      if (id < 0 || id >= tokenizer.size()) std::abort();
    }
  }
  return 0;
}
