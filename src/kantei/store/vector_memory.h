// Arrays of plain numbers that grow to gigabytes without being copied. Private to store/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace kantei::store {

/// Raw memory, 64-byte aligned. Large blocks are maps of their own: the kernel moves their pages when they grow, and huge
/// pages spare address translations where rows are read at random. Small ones come from the heap. Move-only.
class GrowBytes {
 public:
  GrowBytes() = default;
  GrowBytes(GrowBytes&& other) noexcept { *this = std::move(other); }
  GrowBytes& operator=(GrowBytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~GrowBytes();
  /// False when there is no such memory; what was held stays.
  [[nodiscard]] bool Reserve(std::size_t bytes);
  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0;
};

template <typename T>
class GrowArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  GrowArray() = default;
  GrowArray(GrowArray&& other) noexcept { *this = std::move(other); }
  GrowArray& operator=(GrowArray&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  /// The values of new elements are not set. False when there is no memory; then nothing has changed.
  [[nodiscard]] bool Resize(std::size_t size) {
    if (size > SIZE_MAX / 2 / sizeof(T) || !bytes_.Reserve(size * sizeof(T))) return false;
    size_ = size;
    return true;
  }
  [[nodiscard]] bool Assign(std::span<const T> values) {
    if (!Resize(values.size())) return false;
    for (std::size_t i = 0; i < values.size(); ++i) data()[i] = values[i];
    return true;
  }
  T* data() { return reinterpret_cast<T*>(bytes_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(bytes_.data()); }
  std::size_t size() const { return size_; }
  std::size_t size_bytes() const { return size_ * sizeof(T); }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  std::span<const T> span() const { return {data(), size_}; }

 private:
  GrowBytes bytes_;
  std::size_t size_ = 0;
};

}  // namespace kantei::store
