// TIFF directories, and the blocks that a TIFF file keeps in its first one.
#include <array>
#include <string>

#include "kantei/authenticity/metadata_ifd.h"
#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity::origin {
namespace {

constexpr std::uint16_t kMaxIfdEntries = 1024;
constexpr std::array<std::uint8_t, 14> kFormatSize = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};

constexpr std::uint16_t kTagXmp = 700, kTagIptc = 33723, kTagPhotoshop = 34377, kTagC2pa = 52545;

}  // namespace

const IfdEntry* Ifd::Find(std::uint16_t tag) const {
  for (const IfdEntry& entry : entries) {
    if (entry.tag == tag) return &entry;
  }
  return nullptr;
}

bool TiffView::Open(ByteSpan bytes) {
  if (bytes.size() < 8) return false;
  const std::string_view order = AsText(bytes.first(2));
  if (order != "II" && order != "MM") return false;
  little_ = order == "II";
  bytes_ = bytes;
  ByteReader reader(bytes, little_);
  std::uint16_t version = 0;
  return reader.Skip(2) && reader.Read(&version) && version == 42 && reader.Read(&first_);
}

Ifd TiffView::ReadIfd(std::uint32_t offset) const {
  Ifd ifd;
  ByteReader reader(bytes_, little_);
  std::uint16_t count = 0;
  if (offset < 8 || !reader.Seek(offset) || !reader.Read(&count)) {
    ifd.truncated = true;
    return ifd;
  }
  const std::size_t table = reader.position();
  for (std::uint16_t i = 0; i < count && i < kMaxIfdEntries; ++i) {
    IfdEntry entry;
    std::uint32_t position = 0;
    if (!reader.Seek(table + std::size_t{i} * 12) || reader.remaining() < 12) {
      ifd.truncated = true;
      return ifd;
    }
    reader.Read(&entry.tag);
    reader.Read(&entry.format);
    reader.Read(&entry.count);
    const std::size_t inline_at = reader.position();
    reader.Read(&position);
    if (entry.format == 0 || entry.format >= kFormatSize.size()) {
      ++ifd.damaged;
      continue;
    }
    const std::uint64_t size = std::uint64_t{entry.count} * kFormatSize[entry.format];
    if (!reader.Seek(size <= 4 ? inline_at : position) || !reader.Take(size, &entry.value)) {
      ++ifd.damaged;
      continue;
    }
    ifd.entries.push_back(entry);
  }
  ifd.truncated =
      count > kMaxIfdEntries || !reader.Seek(table + std::size_t{count} * 12) || !reader.Read(&ifd.next);
  return ifd;
}

std::uint32_t TiffView::Number(const IfdEntry* entry) const {
  if (entry == nullptr || entry->count == 0) return 0;
  ByteReader reader(entry->value, little_);
  std::uint64_t value = 0;
  const bool is_long = entry->format == 4 || entry->format == 13;
  if (!is_long && entry->format != 3) return 0;
  reader.ReadSized(is_long ? 4 : 2, &value);
  return static_cast<std::uint32_t>(value);
}

void ReadTiffFile(ByteSpan file, Harvest* harvest) {
  TiffView view;
  if (!view.Open(file)) {
    harvest->Problem("the TIFF file has no readable header (BigTIFF is not read for metadata)");
    return;
  }
  harvest->exif = file;
  harvest->exif_is_whole_tiff = true;
  const Ifd ifd = view.ReadIfd(view.first());
  const auto within = [&](const IfdEntry& entry, std::size_t limit, std::string_view what) {
    if (entry.value.size() <= limit) return true;
    harvest->Problem("the " + std::string(what) + " of the TIFF file has " +
                     std::to_string(entry.value.size()) + " bytes, above the limit of " +
                     std::to_string(limit) + "; it was not read");
    return false;
  };
  for (const IfdEntry& entry : ifd.entries) {
    if (entry.tag == kTagXmp) {
      harvest->AddXmp(AsText(entry.value));
    } else if (entry.tag == kTagIptc && within(entry, kMaxTextBytes, "IPTC block")) {
      harvest->iptc.assign(entry.value.begin(), entry.value.end());
    } else if (entry.tag == kTagPhotoshop && entry.value.size() <= kMaxC2paBytes) {
      harvest->photoshop.assign(entry.value.begin(), entry.value.end());
    } else if (entry.tag == kTagC2pa && within(entry, kMaxC2paBytes, "C2PA store")) {
      harvest->AddC2pa(Bytes(entry.value.begin(), entry.value.end()));
    }
  }
}

}  // namespace kantei::authenticity::origin
