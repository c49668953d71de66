#include "kantei/base/sha256.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kantei/base/files.h"

namespace kantei {
namespace {

// Test vectors of FIPS 180-4.
constexpr std::string_view kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kMillionA = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(Sha256Hex(std::string_view()), kEmpty);
  EXPECT_EQ(Sha256Hex(std::string_view("abc")), kAbc);
  EXPECT_EQ(Sha256Hex(std::string_view("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256Test, PiecesOfAnySizeGiveTheDigestOfTheWhole) {
  const std::string whole(1'000'000, 'a');
  for (const std::size_t piece : {1u, 63u, 64u, 65u, 100'000u}) {
    Sha256 sha;
    for (std::size_t at = 0; at < whole.size(); at += piece) {
      sha.Update(std::as_bytes(std::span(whole).subspan(at, std::min(piece, whole.size() - at))));
    }
    EXPECT_EQ(sha.FinishHex(), kMillionA) << piece;
  }
}

TEST(Sha256Test, HashesFilesAndNamesWhatIsNone) {
  const auto folder = std::filesystem::temp_directory_path() / ("kantei_sha256_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  ASSERT_TRUE(WriteFileAtomic(folder / "a", std::string(1'000'000, 'a')).ok());
  ASSERT_TRUE(WriteFileAtomic(folder / "empty", std::string_view()).ok());
  EXPECT_EQ(Sha256File(folder / "a").value(), kMillionA);
  EXPECT_EQ(Sha256File(folder / "empty").value(), kEmpty);
  EXPECT_EQ(Sha256File(folder / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Sha256File(folder).error().code, ErrorCode::kInvalidArgument);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(Sha256File(folder / "pipe").error().code,
            ErrorCode::kInvalidArgument);  // and does not wait for a writer
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kantei
