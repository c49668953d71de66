#include "kantei/nn/torchscript_list.h"

#include "kantei/base/files.h"
#include "kantei/nn/test_folder.h"

namespace kantei::nn {
namespace {

class TorchScriptListTest : public FolderTest {};

const std::string kHash(64, 'a');

TEST_F(TorchScriptListTest, NoListIsAnEmptyOne) {
  const auto entries = ReadTorchScriptList();
  ASSERT_TRUE(entries.ok());
  EXPECT_TRUE(entries->empty());
}

TEST_F(TorchScriptListTest, EntriesAreKeptAndReplacedByHash) {
  ASSERT_TRUE(AddTorchScript({kHash, "sscd_disc_mixup", 512, 288, InputMode::kShortSide}).ok());
  ASSERT_TRUE(AddTorchScript({std::string(64, 'b'), "other", 256, 320, InputMode::kSquash}).ok());
  ASSERT_TRUE(AddTorchScript({kHash, "renamed", 512, 288, InputMode::kShortSide}).ok());
  const auto entries = ReadTorchScriptList();
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->at(0).name, "other");
  EXPECT_EQ(entries->at(0).mode, InputMode::kSquash);
  EXPECT_EQ(entries->at(1).name, "renamed");
  EXPECT_EQ(entries->at(1).dimension, 512);
}

TEST_F(TorchScriptListTest, BadLinesAreNamed) {
  const auto path = folder_ / "list";
  for (const std::string& line : {std::string("short name 512 288 squash"), kHash + " na/me 512 288 squash",
                                  kHash + " name 0 288 squash", kHash + " name 512 99999 squash",
                                  kHash + " name 512 288 crop", kHash + " name 512 288 squash more"}) {
    ASSERT_TRUE(WriteFileAtomic(path, "# a comment\n\n" + line + "\n").ok());
    const auto entries = ReadTorchScriptList(path);
    ASSERT_FALSE(entries.ok()) << line;
    EXPECT_EQ(entries.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(entries.error().message.find("line 3"), std::string::npos) << entries.error().message;
  }
}

TEST_F(TorchScriptListTest, BadEntriesAreNotWritten) {
  EXPECT_FALSE(AddTorchScript({kHash, "a b", 512, 288, InputMode::kSquash}).ok());
  std::string upper_case = kHash;
  upper_case[0] = 'A';
  EXPECT_FALSE(AddTorchScript({upper_case, "name", 512, 288, InputMode::kSquash}).ok());
  EXPECT_FALSE(std::filesystem::exists(TorchScriptListPath()));
}

TEST_F(TorchScriptListTest, KindsAreToldByContent) {
  const auto sniff = [&](const std::string& bytes) {
    EXPECT_TRUE(WriteFileAtomic(folder_ / "file", bytes).ok());
    return SniffWeights(folder_ / "file");
  };
  EXPECT_EQ(sniff("PK\x03\x04 ... m/code/__torch__.py m/data.pkl").value(), WeightsKind::kTorchScript);
  EXPECT_EQ(sniff("PK\x03\x04 ... archive/data.pkl").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(sniff("\x80\x02}q\x01 X").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(sniff("PK\x03\x04 ... picture.png").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(sniff(std::string("\x80\x02\0\0\0\0\0\0{\"a\"", 12)).value(), WeightsKind::kSafetensors);
}

}  // namespace
}  // namespace kantei::nn
