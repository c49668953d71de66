#include "kantei/store/vector_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace kantei::store {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kOwnMap = std::size_t{1} << 20;  ///< from here on a block is a map of its own

}  // namespace

GrowBytes::~GrowBytes() {
  if (capacity_ > kOwnMap) {
    ::munmap(data_, capacity_);
  } else {
    std::free(data_);
  }
}

bool GrowBytes::Reserve(std::size_t bytes) {
  if (bytes <= capacity_) return true;
  if (bytes <= kOwnMap) {
    const std::size_t capacity = std::min(kOwnMap, (std::max(bytes, 2 * capacity_) + 63) / 64 * 64);
    auto* data = static_cast<std::byte*>(std::aligned_alloc(64, capacity));
    if (data == nullptr) return false;
    if (capacity_ > 0) std::memcpy(data, data_, capacity_);
    std::free(data_);
    data_ = data;
    capacity_ = capacity;
    return true;
  }
  // What is reserved but never touched costs no memory, only addresses.
  const std::size_t wished = std::max(bytes, capacity_ / 2 * 3);
  const std::size_t capacity = (wished + kHugePage - 1) / kHugePage * kHugePage;
  void* data = capacity_ > kOwnMap
                   ? ::mremap(data_, capacity_, capacity, MREMAP_MAYMOVE)
                   : ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return false;
  (void)::madvise(data, capacity, MADV_HUGEPAGE);
  if (capacity_ <= kOwnMap) {
    if (capacity_ > 0) std::memcpy(data, data_, capacity_);
    std::free(data_);
  }
  data_ = static_cast<std::byte*>(data);
  capacity_ = capacity;
  return true;
}

}  // namespace kantei::store
