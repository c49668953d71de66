// ISO base media boxes of AVIF and HEIC (ISO 14496-12, 23008-12): Exif and XMP items, XMP and C2PA boxes.
#include <map>
#include <optional>
#include <string>

#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity::origin {
namespace {

using std::string_view_literals::operator""sv;

constexpr int kMaxBoxes = 10'000;
constexpr std::uint32_t kMaxItems = 65'536;
constexpr std::uint32_t kMaxExtents = 1 << 18;  // of all items together
constexpr int kMaxDelivered = 8;

constexpr std::string_view kXmpUuid = "\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC"sv;
constexpr std::string_view kC2paUuid = "\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81"sv;

struct Box {
  std::string_view type;
  ByteSpan body;
  ByteSpan whole;
};

// Reads the next box of `reader`. False at the end, or when it runs past the end (then *broken).
bool NextBox(ByteReader* reader, Box* box, bool* broken) {
  if (reader->remaining() == 0) return false;
  *broken = true;
  const ByteSpan from_here = reader->rest();
  std::uint32_t small = 0;
  ByteSpan type;
  if (!reader->Read(&small) || !reader->Take(4, &type)) return false;
  std::uint64_t size = small;
  std::uint64_t header = 8;
  if (small == 1) {
    if (!reader->Read(&size)) return false;
    header = 16;
  } else if (small == 0) {
    size = from_here.size();
  }
  if (size < header || size > from_here.size()) return false;
  box->type = AsText(type);
  box->whole = from_here.first(static_cast<std::size_t>(size));
  box->body = box->whole.subspan(static_cast<std::size_t>(header));
  *broken = false;
  return reader->Skip(size - header);
}

struct Extent {
  std::uint64_t offset = 0, length = 0;
};
struct Item {
  std::string_view kind;  // "Exif" or "mime"
  int construction = 0;
  std::vector<Extent> extents;
};

class MetaBox {
 public:
  MetaBox(ByteSpan file, Harvest* harvest) : file_(file), harvest_(harvest) {}

  void Read(ByteSpan body) {
    ByteReader reader(body);
    if (!reader.Skip(4)) return;  // version and flags
    std::optional<ByteSpan> infos, locations;
    Box box;
    bool broken = false;
    for (int count = 0; count < kMaxBoxes && NextBox(&reader, &box, &broken); ++count) {
      if (box.type == "iinf") infos = box.body;
      if (box.type == "iloc") locations = box.body;
      if (box.type == "idat") idat_ = box.body;
    }
    if (broken) harvest_->Problem("a box inside the meta box runs past its end");
    if (!infos || !locations) return;
    if (!ReadInfos(*infos)) harvest_->Problem("the item information box is damaged");
    if (items_.empty()) return;
    if (!ReadLocations(*locations)) harvest_->Problem("the item location box is damaged");
    int delivered = 0;
    for (const auto& [id, item] : items_) {
      if (++delivered > kMaxDelivered) break;
      Deliver(item);
    }
  }

 private:
  bool ReadInfos(ByteSpan body) {
    ByteReader reader(body);
    std::uint32_t version_flags = 0;
    std::uint64_t count = 0;
    if (!reader.Read(&version_flags) || !reader.ReadSized(version_flags >> 24 == 0 ? 2 : 4, &count) ||
        count > kMaxItems)
      return false;
    Box box;
    bool broken = false;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!NextBox(&reader, &box, &broken)) return false;
      ByteReader entry(box.body);
      std::uint32_t entry_version = 0;
      std::uint64_t id = 0;
      ByteSpan kind;
      std::string_view name, content_type;
      if (box.type != "infe" || !entry.Read(&entry_version)) return false;
      const unsigned version = entry_version >> 24;
      if (version < 2) continue;  // has no item type
      if (!entry.ReadSized(version == 2 ? 2 : 4, &id) || !entry.Skip(2) || !entry.Take(4, &kind))
        return false;
      if (AsText(kind) == "Exif") {
        items_[id].kind = "Exif";
      } else if (AsText(kind) == "mime" && entry.TakeString(&name)) {
        if (!entry.TakeString(&content_type)) content_type = AsText(entry.rest());
        if (content_type == "application/rdf+xml") items_[id].kind = "mime";
      }
    }
    return true;
  }

  bool ReadLocations(ByteSpan body) {
    ByteReader reader(body);
    std::uint32_t version_flags = 0;
    std::uint16_t sizes = 0;
    std::uint64_t count = 0;
    if (!reader.Read(&version_flags) || !reader.Read(&sizes)) return false;
    const unsigned version = version_flags >> 24;
    const unsigned offset_size = sizes >> 12, length_size = sizes >> 8 & 15u, base_size = sizes >> 4 & 15u;
    const unsigned index_size = version == 0 ? 0 : sizes & 15u;
    if (version > 2 || !reader.ReadSized(version < 2 ? 2 : 4, &count) || count > kMaxItems) return false;
    std::uint32_t all_extents = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::uint64_t id = 0, construction = 0, base = 0;
      std::uint16_t extents = 0;
      if (!reader.ReadSized(version < 2 ? 2 : 4, &id) ||
          (version > 0 && !reader.ReadSized(2, &construction)) || !reader.Skip(2) ||
          !reader.ReadSized(base_size, &base) || !reader.Read(&extents) ||
          (all_extents += extents) > kMaxExtents) {
        return false;
      }
      const auto found = items_.find(id);
      for (unsigned k = 0; k < extents; ++k) {
        std::uint64_t offset = 0, length = 0;
        if (!reader.Skip(index_size) || !reader.ReadSized(offset_size, &offset) ||
            !reader.ReadSized(length_size, &length))
          return false;
        if (found == items_.end()) continue;
        found->second.construction = static_cast<int>(construction & 15);
        found->second.extents.push_back({base + offset, length});
      }
    }
    return true;
  }

  void Deliver(const Item& item) {
    const bool exif = item.kind == "Exif";
    if (item.kind.empty() || item.extents.empty() || item.construction > 1) return;
    const ByteSpan source = item.construction == 1 ? idat_ : file_;
    const std::size_t limit = exif ? kMaxExifBytes : kMaxXmpBytes;
    Bytes joined;
    for (const Extent& extent : item.extents) {
      ByteReader reader(source);
      ByteSpan part;
      if (!reader.Seek(extent.offset) ||
          !reader.Take(extent.length == 0 ? reader.remaining() : extent.length, &part) ||
          part.size() > limit - joined.size()) {
        harvest_->Problem("an " + std::string(exif ? "Exif" : "XMP") +
                          " item lies outside the file or above the limit; it was not read");
        return;
      }
      joined.insert(joined.end(), part.begin(), part.end());
    }
    if (!exif) {
      harvest_->AddXmp(AsText(joined));
      return;
    }
    if (!harvest_->exif.empty()) return;
    ByteReader reader(joined);
    std::uint32_t skip = 0;
    if (!reader.Read(&skip) || !reader.Skip(skip)) {
      harvest_->Problem("the Exif item states a header offset outside itself; it was not read");
      return;
    }
    harvest_->owned_exif.assign(reader.rest().begin(), reader.rest().end());
    harvest_->AddExif(harvest_->owned_exif);
  }

  ByteSpan file_, idat_;
  Harvest* harvest_;
  std::map<std::uint64_t, Item> items_;
};

void ReadUuidBox(ByteSpan body, Harvest* harvest) {
  if (StartsWith(body, kXmpUuid)) {
    harvest->AddXmp(AsText(body.subspan(kXmpUuid.size())));
    return;
  }
  if (!StartsWith(body, kC2paUuid)) return;
  // C2PA 2.1, A.5: version and flags, purpose, then for "manifest" the offset of the first Merkle box and the
  // store.
  ByteReader reader(body.subspan(kC2paUuid.size()));
  std::string_view purpose;
  if (!reader.Skip(4) || !reader.TakeString(&purpose)) {
    harvest->Problem("the C2PA box is too short; it was not read");
    return;
  }
  if (purpose != "manifest" && purpose != "original" && purpose != "update") return;
  if (!reader.Skip(8) || reader.remaining() > kMaxC2paBytes) {
    harvest->Problem("the C2PA box is too short or above the limit; it was not read");
    return;
  }
  harvest->AddC2pa(Bytes(reader.rest().begin(), reader.rest().end()));
}

}  // namespace

void ReadIsoBoxes(ByteSpan file, Harvest* harvest) {
  ByteReader reader(file);
  Box box;
  bool broken = false;
  for (int count = 0; count < kMaxBoxes && NextBox(&reader, &box, &broken); ++count) {
    if (box.type == "meta") {
      MetaBox(file, harvest).Read(box.body);
    } else if (box.type == "uuid") {
      ReadUuidBox(box.body, harvest);
    } else if (box.type == "jumb" && box.whole.size() <= kMaxC2paBytes) {
      harvest->AddC2pa(Bytes(box.whole.begin(), box.whole.end()));
    }
  }
  if (broken) {
    harvest->Problem("the box that begins before byte " + std::to_string(reader.position()) +
                     " runs past the end of the file");
  }
}

}  // namespace kantei::authenticity::origin
