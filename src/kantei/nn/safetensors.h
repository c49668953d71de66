// The safetensors container: named tensors in one memory-mapped file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/result.h"

namespace kantei::nn {

enum class DType { kU8, kI8, kI16, kU16, kF16, kBF16, kI32, kU32, kF32, kF64, kI64, kU64 };
std::size_t DTypeSize(DType dtype);

struct TensorView {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  ///< row-major, little-endian
};

/// A read-only safetensors file. Every rule of the format is checked at Open: header length, JSON, no holes,
/// no overlap, sizes that fit the shapes, the last end at the end of file (kCorrupt with the tensor's name).
class SafetensorsFile {
 public:
  static Result<SafetensorsFile> Open(const std::filesystem::path& path);
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  /// kNotFound names the tensor, kCorrupt when dtype or shape differ; -1 in `shape` matches any size.
  Result<TensorView> Get(const std::string& name, DType dtype, std::span<const std::int64_t> shape) const;

 private:
  MappedFile file_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, TensorView> tensors_;
};

struct TensorToWrite {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

Status WriteSafetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                        const std::map<std::string, std::string>& metadata);

}  // namespace kantei::nn
