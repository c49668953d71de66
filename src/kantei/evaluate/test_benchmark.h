// A small benchmark in a folder of its own, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "kantei/base/random.h"
#include "kantei/copy/descriptor_model.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/image/draw.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"
#include "kantei/nn/formula_network.h"

namespace kantei::evaluate {

/// Overlapping shapes in colour; different seeds have nothing in common.
inline image::Image Scene(std::uint64_t seed, int width = 240, int height = 180) {
  Random random(seed);
  image::Image picture(width, height, 3);
  for (auto& value : picture.pixels()) value = 110;
  for (int i = 0; i < 120; ++i) {
    const auto at = [&](int size) { return static_cast<float>(random.Uniform(0, size)); };
    const auto byte = [&] { return static_cast<std::uint8_t>(random.Below(256)); };
    const float x = at(width), y = at(height), r = 6 + at(26);
    image::FillPolygon(&picture, {{x - r, y - r * 0.7f}, {x + r, y - r * 0.4f}, {x + r * 0.3f, y + r}},
                       {byte(), byte(), byte()}, 0.9f);
  }
  return picture;
}

/// A network with weights from a formula, written into `folder`: it describes something, though nothing useful.
inline std::shared_ptr<const copy::DescriptorModel> FormulaModel(const std::filesystem::path& folder) {
  nn::NetworkDescription description;
  description.name = "formula";
  description.side = 32;
  description.head = "linear";
  description.compact.widths = {8, 8, 16};
  description.compact.depths = {1, 1, 1};
  description.compact.head = 32;
  const auto path = folder / "formula.safetensors";
  EXPECT_TRUE(nn::WriteFormulaNetwork(description, 24, path).ok());
  copy::DescriptorModelOptions options;
  options.model = path.native();
  auto model = copy::DescriptorModel::Open(options);
  EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().message);
  return model.ok() ? *model : nullptr;
}

/// Twelve references (scenes 0 to 11) and eight queries: Q00000 to Q00003 are scenes 0 to 3 resaved, mirrored, cropped hard and
/// not at all alike (scene 50, but the truth says R001003); Q00004 is a scene that is no reference; Q00005 is blank; Q00006
/// is no picture; Q00007 is reference 7, edited, of another source.
class TestBenchmark {
 public:
  TestBenchmark()
      : root(std::filesystem::temp_directory_path() / ("kantei_eval." + std::to_string(::getpid()))) {
    std::filesystem::remove_all(root);
    for (const char* folder : {"references", "queries", "training"})
      std::filesystem::create_directories(root / folder);
    for (int i = 0; i < 12; ++i) Save("references/R00" + std::to_string(1000 + i), Scene(Seed(i)));
    for (int i = 0; i < 20; ++i) Save("training/T0000" + std::to_string(10 + i), Scene(500 + Seed(i)));
    Save("queries/Q00000", Scene(0), 60);
    Save("queries/Q00001", image::FlipHorizontal(Scene(1)));
    Save("queries/Q00002", image::Crop(Scene(2), {60, 40, 130, 110}));
    Save("queries/Q00003", Scene(50));
    Save("queries/Q00004", Scene(60));
    image::Image blank(120, 90, 3);
    for (auto& value : blank.pixels()) value = 255;
    Save("queries/Q00005", blank);
    std::ofstream(root / "queries/Q00006.jpg") << "no picture";
    Save("queries/Q00007", image::Resize(Scene(7), 160, 120), 50);
    std::ofstream(root / "ground_truth.csv")
        << "query_id,reference_id,kind,level,edits,source,sha256\n"
           "Q00000,R001000,copy,easy,jpeg,photos,\nQ00001,R001001,copy,easy,flip,photos,\n"
           "Q00002,R001002,copy,hard,crop jpeg,photos,\nQ00003,R001003,copy,hard,crop,drawings,\n"
           "Q00004,,stranger,hard,crop,photos,\nQ00005,,stranger,hard,blur,photos,\nQ00006,,look-alike,,,"
           "photos,\n"
           "Q00007,R001007,copy,easy,jpeg,drawings,\n";
  }
  ~TestBenchmark() { std::filesystem::remove_all(root); }

  dataset::CopyBenchmark Open() const {
    auto opened = dataset::OpenCopyFolder(root, {});
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
    return opened.ok() ? std::move(*opened) : dataset::CopyBenchmark{};
  }

  std::shared_ptr<const copy::DescriptorModel> Model() const { return FormulaModel(root); }

  std::filesystem::path root;

 private:
  static std::uint64_t Seed(int i) { return static_cast<std::uint64_t>(i); }
  void Save(const std::string& name, const image::Image& picture, int quality = 92) const {
    const auto bytes = image::EncodeJpeg(picture, quality);
    ASSERT_TRUE(bytes.ok());
    std::ofstream file(root / (name + ".jpg"), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes->data()), static_cast<std::streamsize>(bytes->size()));
  }
};

}  // namespace kantei::evaluate
