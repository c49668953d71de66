// Dot products of byte descriptors, many at once, for the instruction set of this machine. Private to copy/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kantei::copy::match {

inline constexpr std::size_t kQueriesAtOnce = 4;

/// How the products are taken. kBest is chosen at run time; the others serve tests.
enum class Kernel { kBest, kPlain, kAvx2, kAvx512Vnni };
bool Supported(Kernel kernel);

std::int32_t SquaredNorm(const std::uint8_t* descriptor);

/// Known descriptors laid out so that one instruction works on several of them: for each group of 16
/// (AVX-512) or 8, the first bytes of all, then the next bytes of all, and so on. No horizontal sums are then
/// needed.
class PackedDescriptors {
 public:
  PackedDescriptors(const std::uint8_t* descriptors, std::size_t count, Kernel kernel = Kernel::kBest);

  /// The count rounded up to whole groups of 16; rows of results are this long.
  std::size_t padded_count() const { return padded_; }
  /// Squared lengths; padded entries are 0.
  const std::int32_t* norms() const { return norms_.data(); }
  /// out[i * padded_count() + k] = query i · known k. count <= kQueriesAtOnce; queries are 128 bytes apart.
  void Dots(const std::uint8_t* queries, std::size_t count, std::int32_t* out) const;

 private:
  Kernel kernel_;
  std::size_t padded_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::int16_t> words_;
  std::vector<std::int32_t> norms_;
};

}  // namespace kantei::copy::match
