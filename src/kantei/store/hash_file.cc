#include "kantei/store/hash_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "kantei/base/sha256.h"

namespace kantei::store {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is mapped as it stands");
static_assert(sizeof(Code256) == 32 && std::is_trivially_copyable_v<Code256>);

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t uuid_size;
  char uuid[64];
  std::int64_t last_picture_id;
  std::int64_t removals;
  std::uint64_t count;
  char digest[64];  // SHA-256 of codes and ids, hexadecimal
};
static_assert(sizeof(Header) == 168);
constexpr char kMagic[8] = {'K', 'T', 'P', 'D', 'Q', 'I', 'X', '\0'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kRowBytes = sizeof(Code256) + sizeof(std::int64_t);

}  // namespace

Result<HashFile> HashFile::Open(const std::filesystem::path& path) {
  HashFile hashes;
  KANTEI_TRY(hashes.file_, MappedFile::Open(path));
  const std::span<const std::byte> bytes = hashes.file_.bytes();
  const auto corrupt = [&](std::string_view what) {
    return Error{ErrorCode::kCorrupt,
                 DisplayPath(path) + " " + std::string(what) + "; it is rebuilt from the catalogue"};
  };
  Header header{};
  if (bytes.size() < sizeof header) return corrupt("is too short for a file of hashes");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return corrupt("is no file of hashes");
  if (header.version != kVersion) return corrupt("has another version than 1");
  const std::span<const std::byte> body = bytes.subspan(sizeof header);
  if (header.uuid_size > sizeof header.uuid || body.size() % kRowBytes != 0 ||
      header.count != body.size() / kRowBytes) {
    return corrupt("has another length than its header says");
  }
  if (Sha256Hex(body) != std::string_view(header.digest, sizeof header.digest)) return corrupt("is damaged");
  // The map starts at a page and the header is a multiple of 8 bytes: both arrays are aligned.
  hashes.codes_ = {reinterpret_cast<const Code256*>(body.data()), header.count};
  hashes.picture_ids_ = {reinterpret_cast<const std::int64_t*>(body.data() + header.count * sizeof(Code256)),
                         header.count};
  if (!std::is_sorted(hashes.picture_ids_.begin(), hashes.picture_ids_.end()))
    return corrupt("has ids out of order");
  hashes.checkpoint_ = {std::string(header.uuid, header.uuid_size), header.last_picture_id, header.removals};
  return hashes;
}

Status SaveHashFile(const std::filesystem::path& path, std::span<const Code256> codes,
                    std::span<const std::int64_t> picture_ids, const Checkpoint& checkpoint) {
  Header header{};
  KANTEI_CHECK(codes.size() == picture_ids.size() && checkpoint.catalog_uuid.size() <= sizeof header.uuid);
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.uuid_size = static_cast<std::uint32_t>(checkpoint.catalog_uuid.size());
  std::memcpy(header.uuid, checkpoint.catalog_uuid.data(), header.uuid_size);
  header.last_picture_id = checkpoint.last_picture_id;
  header.removals = checkpoint.removals;
  header.count = codes.size();
  Bytes file(sizeof header + codes.size() * kRowBytes);
  std::byte* out = file.data() + sizeof header;
  if (!codes.empty()) {
    std::memcpy(out, codes.data(), codes.size_bytes());
    std::memcpy(out + codes.size_bytes(), picture_ids.data(), picture_ids.size_bytes());
  }
  const std::string digest = Sha256Hex(std::span(file).subspan(sizeof header));
  std::memcpy(header.digest, digest.data(), sizeof header.digest);
  std::memcpy(file.data(), &header, sizeof header);
  return WriteFileAtomic(path, file);
}

}  // namespace kantei::store
