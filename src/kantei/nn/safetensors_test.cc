#include "kantei/nn/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

namespace kantei::nn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SafetensorsTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("kantei_safetensors_" + std::to_string(getpid()) + "_" + info->name() + ".safetensors");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  static std::string File(const std::string& header, const std::string& data) {
    std::string file;
    for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> (8 * i) & 255);
    return file + header + data;
  }
  Result<SafetensorsFile> Open(const std::string& content) {
    EXPECT_TRUE(WriteFileAtomic(path_, content).ok());
    return SafetensorsFile::Open(path_);
  }
  void ExpectRefused(const std::string& header, const std::string& data, const std::string& why,
                     ErrorCode code = ErrorCode::kCorrupt) {
    const auto opened = Open(File(header, data));
    ASSERT_FALSE(opened.ok()) << header;
    EXPECT_EQ(opened.error().code, code) << header << ": " << opened.error().message;
    EXPECT_THAT(opened.error().message, HasSubstr(why)) << header;
  }

  std::filesystem::path path_;
};

template <typename T>
std::span<const std::byte> BytesOf(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

const std::string kOne = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";

TEST_F(SafetensorsTest, ReadsAFileMadeByHand) {
  const auto file =
      Open(File(R"({"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[2,10]},)"
                R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}   )",
                std::string("\x01\x02\x00\x00\x80\x3f\x00\x00\x00\xc0", 10)));
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_THAT(file->metadata(), ElementsAre(testing::Pair("k", "v")));
  ASSERT_EQ(file->tensors().size(), 2u);
  const auto tensor = file->Get("b", DType::kF32, std::vector<std::int64_t>{-1, 1});
  ASSERT_TRUE(tensor.ok());
  float values[2];
  ASSERT_EQ(tensor->bytes.size(), sizeof values);
  std::memcpy(values, tensor->bytes.data(), sizeof values);
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], -2.0f);
}

TEST_F(SafetensorsTest, WrittenTensorsComeBackEqualAndAligned) {
  const std::vector<std::uint8_t> small = {1, 2, 3};
  const std::vector<double> wide = {1.5, -2.25};
  const std::vector<float> scalar = {7};
  const std::vector<std::uint16_t> half = {9, 10, 11};
  const std::vector<TensorToWrite> tensors = {{"small", DType::kU8, {3}, BytesOf(small)},
                                              {"half", DType::kBF16, {3, 1}, BytesOf(half)},
                                              {"empty", DType::kI64, {0, 5}, {}},
                                              {"scalar", DType::kF32, {}, BytesOf(scalar)},
                                              {"wide \"né\"", DType::kF64, {1, 2}, BytesOf(wide)}};
  const std::map<std::string, std::string> metadata = {{"scale", "0.5"}, {"名", "鑑定\n"}};
  ASSERT_TRUE(WriteSafetensors(path_, tensors, metadata).ok());
  const auto file = SafetensorsFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->metadata(), metadata);
  ASSERT_EQ(file->tensors().size(), tensors.size());
  for (const TensorToWrite& tensor : tensors) {
    const TensorView& view = file->tensors().at(tensor.name);
    EXPECT_EQ(view.dtype, tensor.dtype);
    EXPECT_EQ(view.shape, tensor.shape);
    ASSERT_EQ(view.bytes.size(), tensor.bytes.size());
    EXPECT_TRUE(std::equal(view.bytes.begin(), view.bytes.end(), tensor.bytes.begin())) << tensor.name;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.bytes.data()) % DTypeSize(tensor.dtype), 0u)
        << tensor.name;
  }
}

TEST_F(SafetensorsTest, EqualContentGivesEqualBytesInAnyOrder) {
  const std::vector<std::uint8_t> one = {1}, two = {2, 2};
  const TensorToWrite a{"a", DType::kU8, {1}, BytesOf(one)}, b{"b", DType::kU8, {2}, BytesOf(two)};
  ASSERT_TRUE(WriteSafetensors(path_, std::vector{a, b}, {}).ok());
  const auto first = ReadFile(path_, 1000);
  ASSERT_TRUE(WriteSafetensors(path_, std::vector{b, a}, {}).ok());
  EXPECT_EQ(first.value(), ReadFile(path_, 1000).value());
}

TEST_F(SafetensorsTest, AFileWithoutTensorsIsSound) {
  const auto file = Open(File("{}", ""));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->tensors().empty());
}

TEST_F(SafetensorsTest, TheOpenFileMayBeMoved) {
  auto opened = Open(File(kOne, "wxyz"));
  ASSERT_TRUE(opened.ok());
  const SafetensorsFile moved = std::move(opened).value();
  EXPECT_EQ(std::to_integer<char>(moved.tensors().at("a").bytes[3]), 'z');
}

TEST_F(SafetensorsTest, GetSaysWhatDiffers) {
  const auto file = Open(File(kOne, "wxyz"));
  ASSERT_TRUE(file.ok());
  const std::vector<std::int64_t> four = {4}, five = {5}, square = {2, 2}, any = {-1};
  EXPECT_TRUE(file->Get("a", DType::kU8, four).ok());
  EXPECT_TRUE(file->Get("a", DType::kU8, any).ok());
  EXPECT_EQ(file->Get("b", DType::kU8, four).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(file->Get("b", DType::kU8, four).error().message, HasSubstr("b"));
  EXPECT_EQ(file->Get("a", DType::kI8, four).error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(file->Get("a", DType::kI8, four).error().message, HasSubstr("U8; expected I8"));
  EXPECT_THAT(file->Get("a", DType::kU8, five).error().message, HasSubstr("[4]; expected [5]"));
  EXPECT_EQ(file->Get("a", DType::kU8, square).error().code, ErrorCode::kCorrupt);
}

TEST_F(SafetensorsTest, RefusesABadFrame) {
  EXPECT_EQ(SafetensorsFile::Open(path_).error().code, ErrorCode::kNotFound);
  for (const std::string content : {"", "1234567"})
    EXPECT_EQ(Open(content).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(Open(std::string(8, '\0')).error().code, ErrorCode::kCorrupt);  // a header of no bytes
  std::string file = File(kOne, "wxyz");
  file[0] = static_cast<char>(file.size());  // the header would end after the file
  EXPECT_EQ(Open(file).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(Open(std::string(8, '\xff') + "{}").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(Open(std::string("\x01\xe1\xf5\x05\0\0\0\0{}", 10)).error().code,
            ErrorCode::kTooLarge);  // 100'000'001
  EXPECT_EQ(Open(std::string("\x00\xe1\xf5\x05\0\0\0\0{}", 10)).error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(Open("\x89PNG and more of a picture").error().message,
              testing::HasSubstr("no safetensors file"));
  EXPECT_FALSE(SafetensorsFile::Open(path_.parent_path()).ok());
}

TEST_F(SafetensorsTest, RefusesABadHeader) {
  ExpectRefused(" " + kOne, "wxyz", "begin with {");
  ExpectRefused("[]", "", "begin with {");
  ExpectRefused("{", "", "malformed");
  ExpectRefused(kOne + "x", "wxyz", "malformed");
  ExpectRefused(kOne + std::string(1, '\0'), "wxyz", "malformed");
  ExpectRefused("{\"a\xff\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", "wxyz", "malformed");
  ExpectRefused(
      R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
      "wxyz", "equal keys");
  ExpectRefused(R"({"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "wxyz",
                "equal keys");
  ExpectRefused(R"({"__metadata__":[]})", "", "__metadata__");
  ExpectRefused(R"({"__metadata__":{"k":1}})", "", "entry k");
  std::string deep = R"({"a":)";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  ExpectRefused(deep, "", "deeper", ErrorCode::kTooLarge);
}

TEST_F(SafetensorsTest, RefusesTensorsThatContradictThemselves) {
  const auto tensor = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  ExpectRefused(R"({"a":3})", "", "needs dtype");
  ExpectRefused(R"({"a":{"dtype":"U8","shape":[0]}})", "", "needs dtype");
  ExpectRefused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"more":1}})", "wxyz", "nothing else");
  ExpectRefused(tensor("3", "[4]", "[0,4]"), "wxyz", "dtype");
  ExpectRefused(tensor("\"Q4\"", "[4]", "[0,4]"), "wxyz", "Q4", ErrorCode::kUnsupported);
  ExpectRefused(tensor("\"U8\"", "4", "[0,4]"), "wxyz", "shape");
  for (const std::string size : {"-4", "4.0", "\"4\"", "null", "9223372036854775808", "1e3"}) {
    ExpectRefused(tensor("\"U8\"", "[" + size + "]", "[0,4]"), "wxyz", "whole number");
  }
  ExpectRefused(tensor("\"U8\"", "[4294967296,4294967296]", "[0,0]"), "", "64 bits");
  ExpectRefused(tensor("\"F32\"", "[4611686018427387904]", "[0,0]"), "", "64 bits");
  ExpectRefused(
      tensor("\"U8\"", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4]", "[0,4]"),
      "wxyz", "shape");
  for (const std::string offsets : {"[0]", "[0,4,4]", "[0,-1]", "[0,4.0]", "{}", "\"0\""}) {
    ExpectRefused(tensor("\"U8\"", "[4]", offsets), "wxyz", "data_offsets");
  }
  ExpectRefused(tensor("\"U8\"", "[4]", "[4,0]"), "wxyz", "outside");
  ExpectRefused(tensor("\"U8\"", "[4]", "[1,5]"), "wxyz", "outside");
  ExpectRefused(tensor("\"U8\"", "[4]", "[18446744073709551612,18446744073709551616]"), "wxyz",
                "data_offsets");
  ExpectRefused(tensor("\"U8\"", "[3]", "[0,4]"), "wxyz", "needs 3 bytes, not 4");
  ExpectRefused(tensor("\"F32\"", "[4]", "[0,4]"), "wxyz", "needs 16 bytes");
}

TEST_F(SafetensorsTest, RefusesHolesOverlapsAndLeftovers) {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)" + a +
           R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)" + b + "}}";
  };
  ExpectRefused(two("[0,2]", "[1,3]"), "wxy",
                "tensor b begins at byte 1 of the data where byte 2 was expected (overlap)");
  ExpectRefused(two("[0,2]", "[0,2]"), "wx", "overlap");
  ExpectRefused(two("[0,2]", "[3,5]"), "vwxyz", "hole");
  ExpectRefused(two("[1,3]", "[3,5]"), "vwxyz", "tensor a");
  ExpectRefused(kOne, "wxyz!", "ends at byte 4 of 5");
  ExpectRefused("{}", "x", "ends at byte 0 of 1");
}

TEST_F(SafetensorsTest, TheWriterRefusesWhatTheReaderWould) {
  const std::vector<std::uint8_t> one = {1};
  const auto write = [&](std::vector<TensorToWrite> tensors) { return WriteSafetensors(path_, tensors, {}); };
  EXPECT_FALSE(write({{"a", DType::kU8, {1}, BytesOf(one)}, {"a", DType::kU8, {1}, BytesOf(one)}}).ok());
  EXPECT_FALSE(write({{"__metadata__", DType::kU8, {1}, BytesOf(one)}}).ok());
  EXPECT_FALSE(write({{"a", DType::kU8, {2}, BytesOf(one)}}).ok());
  EXPECT_FALSE(write({{"a", DType::kU8, {-1}, BytesOf(one)}}).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace kantei::nn
