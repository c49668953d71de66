// The file of known hashes, and the postings of one picture.
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "kantei/base/files.h"
#include "kantei/copy/vocabulary.h"
#include "kantei/store/hash_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("hash_file_fuzz." + std::to_string(::getpid()));
  if (kantei::WriteFileAtomic(path, std::span(bytes, size)).ok()) {
    if (const auto file = kantei::store::HashFile::Open(path); file.ok()) {
      std::int64_t sum = 0;
      for (const std::int64_t id : file->picture_ids()) sum ^= id;
      for (const kantei::Code256& code : file->codes()) sum ^= static_cast<std::int64_t>(code.words[3]);
      if (sum == 42) return 0;
    }
  }
  (void)kantei::copy::ParsePostings({bytes, size}, 16384);
  return 0;
}
