// SHA-256 (FIPS 180-4) of bytes and files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "kantei/base/result.h"

namespace kantei {

/// Incremental SHA-256. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(std::span<const std::byte> bytes);
  /// 64 lower-case hexadecimal digits. May be called once.
  std::string FinishHex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(std::span<const std::byte> bytes);
std::string Sha256Hex(std::string_view text);
/// Streams the file; errors: kNotFound, kUnavailable, kInvalidArgument for what is no regular file.
Result<std::string> Sha256File(const std::filesystem::path& path);

}  // namespace kantei
