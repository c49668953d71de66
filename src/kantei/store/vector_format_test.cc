// Hostile files of a vector index.
#include "kantei/store/vector_format.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "kantei/store/vector_test_util.h"

namespace kantei::store {
namespace {

constexpr std::size_t kDimension = 16, kCount = 150;

class VectorFormatTest : public testing::TestWithParam<VectorBackend> {
 protected:
  void SetUp() override {
    static std::map<VectorBackend, Bytes> saved;  // a save waits for the disk: once a backend
    if (!saved.contains(GetParam())) {
      const auto index = NewIndex(GetParam(), kDimension);
      ASSERT_TRUE(index->Add(Counting(kCount), RandomUnits(kCount, kDimension, 1)).ok());
      ASSERT_TRUE(index->Save(folder_ / "index", "tag").ok());
      auto file = ReadFile(folder_ / "index", 1 << 24);
      ASSERT_TRUE(file.ok());
      saved[GetParam()] = *file;
    }
    bytes_ = saved[GetParam()];
    std::memcpy(&header_, bytes_.data(), sizeof header_);
    auto layout = VectorLayout::Of(header_, "test");
    ASSERT_TRUE(layout.ok());
    layout_ = *layout;
  }
  /// Opens the bytes and, when they open, searches in every way.
  Status Use(const Bytes& bytes) const {
    // Not synced, and not over an old file, which some file systems take for a wish to sync: hundreds of files.
    std::filesystem::remove(folder_ / "changed");
    std::ofstream(folder_ / "changed", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    auto index = VectorIndex::Open(folder_ / "changed", "tag");
    if (!index.ok()) return index.error();
    const Floats queries = RandomUnits(9, kDimension, 2);
    for (const Recall recall : {Recall::kFast, Recall::kExact})
      EXPECT_TRUE((*index)->Search(queries, 5, recall).ok());
    EXPECT_TRUE((*index)->SearchRadius(queries, 0.5f, 10).ok());
    return (*index)->Verify();
  }
  /// With a digest that fits what was changed.
  Bytes Sealed(Bytes bytes) const {
    const auto digest = VectorDirectoryDigest(bytes, layout_);
    std::memcpy(bytes.data() + kVectorDigestOffset, digest.data(), digest.size());
    return bytes;
  }
  template <typename T>
  Bytes With(std::uint64_t offset, T value) const {
    Bytes bytes = bytes_;
    std::memcpy(bytes.data() + offset, &value, sizeof value);
    return bytes;
  }
  void ExpectCorrupt(const Bytes& bytes, std::string_view what) const {
    const Status status = Use(bytes);
    ASSERT_FALSE(status.ok()) << what;
    EXPECT_EQ(status.error().code, ErrorCode::kCorrupt) << what << ": " << status.error().message;
  }

  TestFolder folder_;
  Bytes bytes_;
  VectorHeader header_;
  VectorLayout layout_;
};

INSTANTIATE_TEST_SUITE_P(Backends, VectorFormatTest,
                         testing::Values(VectorBackend::kFlatFloat16, VectorBackend::kFlatInt8,
                                         VectorBackend::kHnsw),
                         [](const auto& test) {
                           std::string name(VectorBackendName(test.param));
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(VectorFormatTest, UnchangedFileOpens) {
  EXPECT_TRUE(Use(bytes_).ok());
  EXPECT_TRUE(Use(Sealed(bytes_)).ok());
}

TEST_P(VectorFormatTest, EveryCutIsNoticed) {
  for (std::size_t size = 0; size < bytes_.size(); size += size < 600 ? 7 : 1013) {
    ExpectCorrupt(Bytes(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size)),
                  std::to_string(size));
  }
  Bytes longer = bytes_;
  longer.push_back(std::byte{0});
  ExpectCorrupt(longer, "longer");
}

TEST_P(VectorFormatTest, EveryFlippedBitIsNoticed) {
  Random random(3);
  for (int i = 0; i < 250; ++i) {
    Bytes bytes = bytes_;
    const std::size_t at = i < 100 ? random.Below(256) : random.Below(bytes.size());
    bytes[at] ^= std::byte{static_cast<unsigned char>(1u << random.Below(8))};
    const Status status = Use(bytes);
    ASSERT_FALSE(status.ok()) << "byte " << at;
    // The version is the one field whose change may mean another program.
    EXPECT_EQ(status.error().code, at >= 8 && at < 12 ? ErrorCode::kUnsupported : ErrorCode::kCorrupt)
        << "byte " << at;
  }
}

TEST_P(VectorFormatTest, CountsThatMakeNoSenseAreRefusedWithTheRightDigest) {
  for (const std::uint64_t rows : {std::uint64_t{0}, kCount - 1, kCount + 1, std::uint64_t{1} << 31,
                                   ~std::uint64_t{0}, ~std::uint64_t{0} / 64})
    ExpectCorrupt(Sealed(With(24, rows)), "rows");
  for (const std::uint32_t dimension : {0u, 7u, 4097u, 80u, 0xFFFFFFFFu})
    ExpectCorrupt(Sealed(With(16, dimension)), "dimension");
  for (const std::uint32_t backend : {3u, 0xFFFFFFFFu}) ExpectCorrupt(Sealed(With(12, backend)), "backend");
  for (const std::uint32_t tag : {4097u, 0xFFFFFFFFu}) ExpectCorrupt(Sealed(With(20, tag)), "tag");
  for (const std::uint32_t links : {0u, 3u, 65u, 0x80000010u})
    ExpectCorrupt(Sealed(With(40, links)), "links");
  for (const std::uint32_t layers :
       {0u + (GetParam() == VectorBackend::kHnsw ? 0u : 1u), 15u, 17u, 0xFFFFFFFFu})
    ExpectCorrupt(Sealed(With(56, layers)), "layers");
  for (const std::uint32_t entry : {1000u, 0xFFFFFFFFu}) ExpectCorrupt(Sealed(With(60, entry)), "entry");
}

TEST_P(VectorFormatTest, ScalesAreChecked) {
  if (GetParam() == VectorBackend::kFlatFloat16) return;
  for (const float scale : {0.0f, -0.001f, 1.0f, std::nanf(""), HUGE_VALF, -HUGE_VALF})
    ExpectCorrupt(Sealed(With(layout_.scales + 4 * 17, scale)), std::to_string(scale));
}

TEST_P(VectorFormatTest, LinksAreChecked) {
  if (GetParam() != VectorBackend::kHnsw) return;
  ASSERT_GE(header_.layers, 2u);
  for (std::size_t l = 0; l < header_.layers; ++l) {
    for (const std::uint32_t link : {header_.layer_sizes[l], 0x80000000u, 0xFFFFFFFEu})
      ExpectCorrupt(Sealed(With(layout_.links[l] + 4, link)), "link");
    if (l == 0) continue;
    for (const std::uint32_t below : {header_.layer_sizes[l - 1], 0xFFFFFFFFu})
      ExpectCorrupt(Sealed(With(layout_.below[l], below)), "below");
  }
  // A graph may be a poor one: without links, or of circles.
  Bytes bytes = bytes_;
  std::memset(bytes.data() + layout_.links[0], 0xFF, 4 * LayerSlots(16, 0) * kCount);
  EXPECT_TRUE(Use(Sealed(bytes)).ok());
  std::memset(bytes.data() + layout_.links[0], 0, 4 * LayerSlots(16, 0) * kCount);
  EXPECT_TRUE(Use(Sealed(bytes)).ok());
}

TEST_P(VectorFormatTest, AnyBytesAreCodes) {
  // Only their own digest notices: HNSW compares it at Open, the mapped backends when asked.
  for (const unsigned char byte : {0x00, 0x7C, 0x7F, 0xFF}) {
    Bytes bytes = bytes_;
    std::memset(bytes.data() + layout_.codes, byte, bytes.size() - layout_.codes);
    ExpectCorrupt(bytes, "codes");
  }
}

TEST_P(VectorFormatTest, FailedSaveLeavesTheOldFile) {
  const auto index = NewIndex(GetParam(), kDimension);
  EXPECT_FALSE(index->Save(folder_ / "absent" / "index", "tag").ok());
  std::filesystem::create_directory(folder_ / "folder");
  EXPECT_FALSE(index->Save(folder_ / "folder", "tag").ok());
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    files += entry.path().native().find(".tmp") != std::string::npos;
  EXPECT_EQ(files, 0u);
}

}  // namespace
}  // namespace kantei::store
