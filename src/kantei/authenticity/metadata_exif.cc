// EXIF entries. The directories are walked here, with every length checked; libexif only names tags and
// formats single values that were checked before, and never parses the file.
#include <libexif/exif-data.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "kantei/authenticity/metadata_ifd.h"
#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity::origin {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::uint16_t kTagMake = 0x010F, kTagModel = 0x0110, kTagOrientation = 0x0112, kTagExifIfd = 0x8769,
                        kTagGpsIfd = 0x8825, kTagUserComment = 0x9286, kTagExposureTime = 0x829A,
                        kTagFNumber = 0x829D, kTagIso = 0x8827, kTagThumbnailOffset = 0x0201,
                        kTagThumbnailLength = 0x0202;
constexpr std::size_t kMaxFormattedBytes = 4096;  // of a value that libexif formats

// Where the picture lies and what other readers take; of no use as text.
constexpr std::array<std::uint16_t, 18> kUnlisted = {0x0111, 0x0117, 0x0144, 0x0145, 0x014A, 0x015B,
                                                     0x0201, 0x0202, 0x02BC, 0x83BB, 0x8649, 0x8769,
                                                     0x8773, 0x8825, 0x927C, 0x935C, 0xA005, 0xCD41};

struct Unref {
  void operator()(ExifData* data) const { exif_data_unref(data); }
};

bool IsUtf16Tag(std::uint16_t tag) {
  return tag >= 0x9C9B && tag <= 0x9C9F;
}  // XPTitle ... XPSubject

class Reader {
 public:
  Reader(const TiffView& view, ExifFacts* facts) : view_(view), facts_(facts), data_(exif_data_new()) {
    if (data_ != nullptr)
      exif_data_set_byte_order(data_.get(),
                               view.little_endian() ? EXIF_BYTE_ORDER_INTEL : EXIF_BYTE_ORDER_MOTOROLA);
  }

  void Add(const Ifd& directory, ExifIfd kind) {
    if (data_ == nullptr) return;
    for (const IfdEntry& entry : directory.entries) {
      if (facts_->entries.size() >= kMaxEntries) return;
      const bool hidden = std::find(kUnlisted.begin(), kUnlisted.end(), entry.tag) != kUnlisted.end();
      const char* name = hidden ? nullptr : exif_tag_get_name_in_ifd(static_cast<ExifTag>(entry.tag), kind);
      if (name == nullptr || entry.value.empty()) continue;
      if (entry.tag == kTagUserComment && kind == EXIF_IFD_EXIF) {
        KeepText(name, DecodeUserComment(entry.value, view_.little_endian()));
      } else if (IsUtf16Tag(entry.tag)) {
        KeepText(name, Utf16Text(entry.value.first(std::min(entry.value.size(), kMaxTextBytes)),
                                 /*little_endian=*/true));
      } else if (entry.format == 2) {
        KeepText(name, ReadableText(AsText(entry.value.first(std::min(entry.value.size(), kMaxTextBytes)))));
      } else if (entry.value.size() <= (entry.format == 7 ? 16 : kMaxFormattedBytes)) {
        facts_->entries.push_back({name, Format(entry, kind)});
      }
    }
  }

 private:
  void KeepText(const char* name, std::string text) {
    const std::string_view trimmed = TrimSpace(text);
    if (trimmed.empty()) return;
    facts_->entries.push_back({name, CutText(trimmed)});
    facts_->texts.push_back({"EXIF", name, std::string(trimmed)});
  }

  std::string Format(const IfdEntry& source, ExifIfd kind) {
    ExifEntry* entry = exif_entry_new();
    if (entry == nullptr) return {};
    entry->tag = static_cast<ExifTag>(source.tag);
    entry->format = static_cast<ExifFormat>(source.format);
    entry->components = source.count;
    entry->size = static_cast<unsigned int>(source.value.size());
    entry->data = static_cast<unsigned char*>(
        std::calloc(source.value.size() + 1, 1));  // freed by libexif's default memory
    if (entry->data != nullptr) std::memcpy(entry->data, source.value.data(), source.value.size());
    std::array<char, 1024> buffer{};
    ExifContent* content = data_->ifd[kind];
    exif_content_add_entry(content, entry);
    if (entry->parent != nullptr && entry->data != nullptr) {
      exif_entry_get_value(entry, buffer.data(), static_cast<unsigned int>(buffer.size() - 1));
      exif_content_remove_entry(content, entry);
    }
    exif_entry_unref(entry);
    return std::string(TrimSpace(ReadableText(buffer.data())));
  }

  const TiffView& view_;
  ExifFacts* facts_;
  std::unique_ptr<ExifData, Unref> data_;
};

// How many UTF-16 units look like letters that people write: ASCII, Latin, kana, CJK, Hangul, full width.
std::size_t PlausibleUnits(ByteSpan bytes, bool little_endian) {
  ByteReader reader(bytes, little_endian);
  std::uint16_t unit = 0;
  std::size_t plausible = 0;
  while (reader.Read(&unit)) {
    const bool ascii = (unit >= 0x20 && unit < 0x7F) || unit == '\n' || unit == '\r' || unit == '\t';
    const bool asian =
        (unit >= 0x3000 && unit < 0xA000) || (unit >= 0xAC00 && unit < 0xD7A4) || unit >= 0xFF00;
    plausible += ascii   ? 4
                 : asian ? 1
                         : 0;  // swapped ASCII often looks like CJK, swapped CJK hardly ever like ASCII
  }
  return plausible;
}

bool IsPlainUtf8(std::string_view text) {
  const auto printable = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  };
  return IsUtf8(text) && std::all_of(text.begin(), text.end(), printable);
}

}  // namespace

std::string DecodeUserComment(ByteSpan value, bool tiff_little_endian) {
  value = value.first(std::min(value.size(), kMaxTextBytes));
  if (value.size() < 8) return ReadableText(AsText(value));
  const std::string_view code = AsText(value.first(8));
  ByteSpan body = value.subspan(8);
  if (code.starts_with("UNICODE")) {
    if (StartsWith(body, "\xFF\xFE"sv)) return Utf16Text(body.subspan(2), true);
    if (StartsWith(body, "\xFE\xFF"sv)) return Utf16Text(body.subspan(2), false);
    // Some writers put UTF-8 behind this code. Text in UTF-16 has zero bytes as soon as it holds a blank or a
    // digit.
    std::string_view plain = AsText(body);
    while (plain.ends_with('\0')) plain.remove_suffix(1);
    if (plain.size() >= 16 && IsPlainUtf8(plain)) return ReadableText(plain);
    // The byte order is not recorded, and writers differ from the order of the block; so the more plausible
    // reading counts.
    const std::size_t little = PlausibleUnits(body, true), big = PlausibleUnits(body, false);
    return Utf16Text(body, little == big ? tiff_little_endian : little > big);
  }
  if (code.starts_with("ASCII") || code == "\0\0\0\0\0\0\0\0"sv || code.starts_with("JIS")) {
    while (!body.empty() && body.front() == std::byte{0}) body = body.subspan(1);
    return ReadableText(AsText(body));
  }
  return ReadableText(AsText(value));  // the code was left out
}

ExifFacts ReadExif(ByteSpan tiff, bool whole_tiff, std::vector<std::string>* problems) {
  ExifFacts facts;
  TiffView view;
  if (!view.Open(tiff)) {
    problems->push_back("the EXIF block has no TIFF header; it was not read");
    return facts;
  }
  const Ifd main = view.ReadIfd(view.first());
  Ifd exif, gps;
  if (const IfdEntry* pointer = main.Find(kTagExifIfd)) exif = view.ReadIfd(view.Number(pointer));
  if (const IfdEntry* pointer = main.Find(kTagGpsIfd)) gps = view.ReadIfd(view.Number(pointer));
  Reader reader(view, &facts);
  reader.Add(main, EXIF_IFD_0);
  reader.Add(exif, EXIF_IFD_EXIF);
  reader.Add(gps, EXIF_IFD_GPS);
  const int damaged = main.damaged + exif.damaged + gps.damaged;
  if (damaged > 0)
    problems->push_back(std::to_string(damaged) +
                        " EXIF entries are of an unknown format or lie outside the block");
  if (main.truncated || exif.truncated || gps.truncated)
    problems->push_back("an EXIF directory lies outside the block or is cut short");

  const std::uint32_t orientation = view.Number(main.Find(kTagOrientation));
  if (orientation >= 1 && orientation <= 8) facts.orientation = static_cast<int>(orientation);
  const auto has_text = [&](std::uint16_t tag) {
    const IfdEntry* entry = main.Find(tag);
    return entry != nullptr && entry->format == 2 && !TrimSpace(ReadableText(AsText(entry->value))).empty();
  };
  const bool exposure = exif.Find(kTagExposureTime) != nullptr || exif.Find(kTagFNumber) != nullptr ||
                        exif.Find(kTagIso) != nullptr;
  facts.has_camera = exposure && (has_text(kTagMake) || has_text(kTagModel));

  if (!whole_tiff && main.next != 0) {
    const Ifd second = view.ReadIfd(main.next);
    const std::uint32_t offset = view.Number(second.Find(kTagThumbnailOffset));
    const std::uint32_t length = view.Number(second.Find(kTagThumbnailLength));
    ByteReader at(tiff);
    if (length > 0 && (!at.Seek(offset) || !at.Take(length, &facts.thumbnail))) {
      problems->push_back("the EXIF thumbnail lies outside the EXIF block; it was not read");
    }
  }
  return facts;
}

}  // namespace kantei::authenticity::origin
