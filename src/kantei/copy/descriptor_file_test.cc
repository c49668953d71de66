#include "kantei/copy/descriptor_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "kantei/base/files.h"

namespace kantei::copy {
namespace {

namespace fs = std::filesystem;

class DescriptorFileTest : public testing::Test {
 protected:
  DescriptorFileTest()
      : path_(fs::temp_directory_path() / ("kantei_descriptors." + std::to_string(::getpid()))) {}
  ~DescriptorFileTest() override { fs::remove(path_); }
  fs::path path_;
};

DescriptorSet Sample() {
  DescriptorSet set;
  set.dimension = 4;
  set.values = {0.5f, -0.25f, 1.0f, 0.0f, 1e-6f, 0.333333f, -0.99999f, 6e-8f};
  set.model_sha256 = "abc123";
  set.notes["data"] = "pictures";
  return set;
}

TEST_F(DescriptorFileTest, Float32ComesBackExactlyAndFloat16ToElevenBits) {
  const DescriptorSet set = Sample();
  ASSERT_TRUE(WriteDescriptorFile(path_, set, DescriptorPrecision::kFloat32).ok());
  auto back = ReadDescriptorFile(path_, "abc123");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->values, set.values);
  EXPECT_EQ(back->rows(), 2u);
  EXPECT_EQ(back->notes.at("data"), "pictures");
  EXPECT_EQ(back->model_sha256, "abc123");

  ASSERT_TRUE(WriteDescriptorFile(path_, set, DescriptorPrecision::kFloat16).ok());
  back = ReadDescriptorFile(path_, "");
  ASSERT_TRUE(back.ok());
  for (std::size_t i = 0; i < set.values.size(); ++i)
    EXPECT_NEAR(back->values[i], set.values[i], std::abs(set.values[i]) * 0x1p-11f + 0x1p-25f);
  EXPECT_EQ(back->values[0], 0.5f);
  EXPECT_EQ(back->values[2], 1.0f);
  // 0.333333 lies nearest to 1365 / 4096 among the halves.
  EXPECT_EQ(back->values[5], 1365.0f / 4096);
}

TEST_F(DescriptorFileTest, AnotherModelIsRefusedByName) {
  ASSERT_TRUE(WriteDescriptorFile(path_, Sample(), DescriptorPrecision::kFloat16).ok());
  const auto other = ReadDescriptorFile(path_, "def456");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(other.error().message.find("abc123"), std::string::npos);
}

TEST_F(DescriptorFileTest, DamageAndValuesThatAreNotFiniteAreRefused) {
  DescriptorSet set = Sample();
  set.values[3] = std::numeric_limits<float>::infinity();
  for (const auto precision : {DescriptorPrecision::kFloat16, DescriptorPrecision::kFloat32}) {
    ASSERT_TRUE(WriteDescriptorFile(path_, set, precision).ok());
    const auto read = ReadDescriptorFile(path_, "");
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  }
  ASSERT_TRUE(WriteDescriptorFile(path_, Sample(), DescriptorPrecision::kFloat16).ok());
  auto bytes = ReadFile(path_, 1 << 20);
  ASSERT_TRUE(bytes.ok());
  bytes->resize(bytes->size() - 3);
  ASSERT_TRUE(WriteFileAtomic(path_, *bytes).ok());
  EXPECT_EQ(ReadDescriptorFile(path_, "").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(ReadDescriptorFile(path_ / "none", "").ok(), false);
}

}  // namespace
}  // namespace kantei::copy
