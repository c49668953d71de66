#include "kantei/authenticity/metadata_bytes.h"

#include <algorithm>
#include <cstring>

namespace kantei::authenticity::origin {
namespace {

void AppendUtf8(std::uint32_t code, std::string* text) {
  if (code < 0x80) {
    text->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text->push_back(static_cast<char>(0xC0 | code >> 6));
    text->push_back(static_cast<char>(0x80 | (code & 63)));
  } else if (code < 0x10000) {
    text->push_back(static_cast<char>(0xE0 | code >> 12));
    text->push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    text->push_back(static_cast<char>(0x80 | (code & 63)));
  } else {
    text->push_back(static_cast<char>(0xF0 | code >> 18));
    text->push_back(static_cast<char>(0x80 | (code >> 12 & 63)));
    text->push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    text->push_back(static_cast<char>(0x80 | (code & 63)));
  }
}

bool IsControl(unsigned char c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}
bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

}  // namespace

bool ByteReader::ReadSized(unsigned bytes, std::uint64_t* value) {
  if (bytes > 8 || remaining() < bytes) return false;
  *value = 0;
  for (unsigned i = 0; i < bytes; ++i) {
    const std::size_t at = little_ ? position_ + bytes - 1 - i : position_ + i;
    *value = *value << 8 | std::to_integer<std::uint64_t>(bytes_[at]);
  }
  position_ += bytes;
  return true;
}

bool ByteReader::TakeString(std::string_view* text) {
  const std::string_view left = AsText(rest());
  const std::size_t end = left.find('\0');
  if (end == std::string_view::npos) return false;
  *text = left.substr(0, end);
  position_ += end + 1;
  return true;
}

bool IsUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80                   ? 1
                               : byte >= 0xC2 && byte < 0xE0 ? 2
                               : byte >= 0xE0 && byte < 0xF0 ? 3
                               : byte >= 0xF0 && byte < 0xF5 ? 4
                                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    if (length >= 3) {  // overlong forms, surrogates, beyond U+10FFFF
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if ((byte == 0xE0 && second < 0xA0) || (byte == 0xED && second >= 0xA0) ||
          (byte == 0xF0 && second < 0x90) || (byte == 0xF4 && second >= 0x90)) {
        return false;
      }
    }
    i += length;
  }
  return true;
}

std::string ReadableText(std::string_view bytes) {
  bytes = bytes.substr(0, bytes.find('\0'));
  std::string text;
  if (IsUtf8(bytes)) {
    text = bytes;
  } else {
    text.reserve(bytes.size() + bytes.size() / 4);
    for (const char c : bytes) AppendUtf8(static_cast<unsigned char>(c), &text);
  }
  for (char& c : text) {
    if (IsControl(static_cast<unsigned char>(c))) c = ' ';
  }
  return text;
}

std::string Utf16Text(ByteSpan bytes, bool little_endian) {
  ByteReader reader(bytes, little_endian);
  std::string text;
  std::uint16_t unit = 0;
  while (reader.Read(&unit) && unit != 0) {
    std::uint32_t code = unit;
    if (unit >= 0xD800 && unit < 0xDC00) {
      const std::size_t before = reader.position();
      std::uint16_t low = 0;
      if (reader.Read(&low) && low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((unit - 0xD800u) << 10) + (low - 0xDC00u);
      } else {
        code = 0xFFFD;
        reader.Seek(before);
      }
    } else if (unit >= 0xDC00 && unit < 0xE000) {
      code = 0xFFFD;
    } else if (unit < 0x80 && IsControl(static_cast<unsigned char>(unit))) {
      code = ' ';
    }
    AppendUtf8(code, &text);
  }
  return text;
}

std::string CutText(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

std::string_view TrimSpace(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

std::string_view LastPathElement(std::string_view text) {
  text = TrimSpace(text);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text.substr(text.rfind('/') + 1);
}

bool MentionsWord(std::string_view lower_text, std::string_view lower_word) {
  for (std::size_t at = lower_text.find(lower_word); at != std::string_view::npos;
       at = lower_text.find(lower_word, at + 1)) {
    const std::size_t end = at + lower_word.size();
    if ((at == 0 || !IsWordByte(lower_text[at - 1])) &&
        (end == lower_text.size() || !IsWordByte(lower_text[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace kantei::authenticity::origin
