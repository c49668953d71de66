// Reading numbers and texts from hostile bytes: every read is checked against what is left.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kantei::authenticity::origin {

using ByteSpan = std::span<const std::byte>;

inline std::string_view AsText(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline bool StartsWith(ByteSpan bytes, std::string_view prefix) {
  return AsText(bytes).starts_with(prefix);
}

/// A cursor over bytes. A read that would pass the end returns false and moves nothing.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes, bool little_endian = false) : bytes_(bytes), little_(little_endian) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  ByteSpan rest() const { return bytes_.subspan(position_); }

  bool Seek(std::uint64_t position) {
    if (position > bytes_.size()) return false;
    position_ = static_cast<std::size_t>(position);
    return true;
  }
  bool Skip(std::uint64_t count) { return count <= remaining() && Seek(position_ + count); }

  template <std::unsigned_integral T>
  bool Read(T* value) {
    if (remaining() < sizeof(T)) return false;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const std::size_t at = little_ ? position_ + sizeof(T) - 1 - i : position_ + i;
      number = number << 8 | std::to_integer<std::uint64_t>(bytes_[at]);
    }
    position_ += sizeof(T);
    *value = static_cast<T>(number);
    return true;
  }
  /// An unsigned number of 0 to 8 bytes.
  bool ReadSized(unsigned bytes, std::uint64_t* value);
  bool Take(std::uint64_t count, ByteSpan* part) {
    if (count > remaining()) return false;
    *part = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += static_cast<std::size_t>(count);
    return true;
  }
  /// Up to the next NUL, which is consumed and not returned. False when there is none.
  bool TakeString(std::string_view* text);

 private:
  ByteSpan bytes_;
  std::size_t position_ = 0;
  bool little_;
};

bool IsUtf8(std::string_view text);
/// Valid UTF-8 as it is, anything else read as Latin-1; cut at the first NUL; other controls but tab and line
/// ends become spaces.
std::string ReadableText(std::string_view bytes);
/// UTF-16 without a byte order mark; lone surrogates become U+FFFD. Cut at the first NUL, controls as above.
std::string Utf16Text(ByteSpan bytes, bool little_endian);
/// At most `limit` bytes, cut between characters.
std::string CutText(std::string_view text, std::size_t limit = 4096);
std::string_view TrimSpace(std::string_view text);
std::string LowerAscii(std::string_view text);
/// What follows the last '/' (or the whole).
std::string_view LastPathElement(std::string_view text);
/// Does `text` name `word` (ASCII case ignored) with no letter or digit right before or after it?
bool MentionsWord(std::string_view lower_text, std::string_view lower_word);

}  // namespace kantei::authenticity::origin
