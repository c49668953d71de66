// Agreement of the networks of latent diffusion with diffusers' and transformers'; data/ is made by make_diffusion.py.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/sha256.h"
#include "kantei/generate/autoencoder_kl_net.h"
#include "kantei/generate/clip_text_net.h"
#include "kantei/generate/controlnet_net.h"
#include "kantei/generate/diffusion_config_json.h"
#include "kantei/generate/unet_net.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/weights_check.h"
#include "kantei/nn/weights_net.h"

namespace kantei::generate {
namespace {

// Greatest difference as a part of the greatest value, float32 against a reference in float64; of bfloat16 the mean difference.
constexpr double kTolerance = 2e-5, kToleranceBfloat16 = 3e-2;

const std::filesystem::path kData = std::filesystem::path(KANTEI_SOURCE_DIR) / "tests" / "golden" / "data";

class DiffusionGolden : public ::testing::Test {
 protected:
  static const Json& Case(const std::string& name) {
    static const Json cases =
        ParseJson(ReadTextFile(kData / "diffusion.json", 1 << 20).value(), "diffusion.json").value();
    return cases.at(name);
  }

  static torch::Tensor Expected(const std::string& name) {
    static const nn::SafetensorsFile file =
        nn::SafetensorsFile::Open(kData / "diffusion.safetensors").value();
    return nn::ReadTensor(file.tensors().at(name), name, "diffusion.safetensors").value();
  }

  static torch::Tensor Given(const std::string& name, std::vector<std::int64_t> shape) {
    torch::Tensor tensor = torch::empty(shape);
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
      tensor.data_ptr<float>()[i] =
          static_cast<float>(2 * nn::FormulaUniform("given." + name, static_cast<std::uint32_t>(i)) - 1);
    return tensor;
  }

  // Formula weights for a module whose names and shapes are the case's.
  static void Fill(torch::nn::Module& module) {
    const torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : nn::StateOf(module)) {
      const std::vector<float> values = nn::FormulaTensor(name, tensor.sizes(), false);
      std::memcpy(tensor.data_ptr(), values.data(), values.size() * sizeof(float));
    }
    UseChannelsLast(module);
  }

  static void ExpectSameTensors(const std::string& name, const torch::nn::Module& module) {
    const Json& expected = Case(name);
    std::string lines;
    const auto state = nn::StateOf(module);
    for (const auto& [tensor_name, tensor] : state)
      lines += tensor_name + ": " + nn::ShapeText(tensor.sizes()) + "\n";
    EXPECT_EQ(state.size(), expected.at("tensors").get<std::size_t>()) << name;
    EXPECT_EQ(Sha256Hex(lines), expected.at("sha256").get<std::string>()) << name << "\n"
                                                                          << lines.substr(0, 4000);
  }

  static double Difference(const torch::Tensor& is, const torch::Tensor& wanted) {
    EXPECT_EQ(is.sizes(), wanted.sizes());
    if (is.sizes() != wanted.sizes()) return 1e9;
    return ((is.to(torch::kFloat32) - wanted).abs().max() / wanted.abs().max()).item<double>();
  }

  static UnetConfig UnetOf(const std::string& name) {
    return ReadUnetConfig(Case(name).at("config"), name).value();
  }

  static void ExpectUnet(const std::string& name, std::int64_t height, std::int64_t width,
                         const std::string& watched) {
    const torch::NoGradGuard no_grad;
    Unet unet(UnetOf(name));
    ExpectSameTensors(name, *unet);
    Fill(*unet);
    const torch::Tensor latents = Given("latents", {2, unet->config().in_channels, height, width}),
                        words = Given("words", {2, 5, unet->config().cross_attention_dim}),
                        steps = torch::tensor({17, 981});
    EXPECT_LT(Difference(unet->forward(latents, steps, words), Expected(name + ".sample")), kTolerance);
    // Slices of one row of scores, and with what is looked at taken out on the way.
    UnetExtras extras;
    extras.max_scores = 1;
    EXPECT_LT(Difference(unet->forward(latents, steps, words, extras), Expected(name + ".sample")),
              kTolerance);
    std::map<std::string, torch::Tensor> maps;
    const AttentionMapSink sink = [&](const std::string& layer, const torch::Tensor& seen) {
      EXPECT_TRUE(maps.emplace(layer, seen).second) << layer << " was given twice";
    };
    extras.sink = &sink;
    EXPECT_LT(Difference(unet->forward(latents, steps, words, extras), Expected(name + ".sample")),
              kTolerance);
    ASSERT_TRUE(maps.contains(watched));
    EXPECT_LT(Difference(maps.at(watched).flatten(2).transpose(1, 2), Expected(name + ".maps")), kTolerance);

    unet->to(torch::kBFloat16);
    const auto half = [](const torch::Tensor& x) { return x.to(torch::kBFloat16); };
    const torch::Tensor sample = unet->forward(half(latents), steps, half(words)).to(torch::kFloat32);
    const torch::Tensor wanted = Expected(name + ".sample");
    EXPECT_LT(((sample - wanted).abs().mean() / wanted.abs().mean()).item<double>(), kToleranceBfloat16);
  }
};

TEST_F(DiffusionGolden, UnetWithConvolutionsAroundAttention) {
  ExpectUnet("unet_conv", 8, 8, "up_blocks.1.attentions.0.transformer_blocks.0");
}

TEST_F(DiffusionGolden, UnetWithLinearProjectionsAndOddSides) {
  ExpectUnet("unet_linear", 9, 7, "up_blocks.1.attentions.0.transformer_blocks.0");
}

TEST_F(DiffusionGolden, UnetOfNineChannels) {
  ASSERT_TRUE(UnetOf("unet_inpaint").inpainting());
  ExpectUnet("unet_inpaint", 4, 6, "mid_block.attentions.0.transformer_blocks.0");
}

TEST_F(DiffusionGolden, ControlnetSteersUnet) {
  const torch::NoGradGuard no_grad;
  Unet unet(UnetOf("unet_conv"));
  Controlnet control(ReadControlnetConfig(Case("control").at("config"), "control").value());
  ExpectSameTensors("control", *control);
  Fill(*unet);
  Fill(*control);
  const torch::Tensor latents = Given("latents", {2, 4, 8, 8}), words = Given("words", {2, 5, 24}),
                      steps = torch::tensor({17, 981}), picture = Given("picture", {2, 3, 32, 32}).abs();
  const ControlResiduals residuals = control->forward(latents, steps, words, picture, 0.75);
  EXPECT_LT(Difference(residuals.middle, Expected("control.middle")), kTolerance);
  EXPECT_LT(Difference(residuals.skips[0], Expected("control.skip_0")), kTolerance);
  UnetExtras extras;
  extras.control = &residuals;
  EXPECT_LT(Difference(unet->forward(latents, steps, words, extras), Expected("control.sample")), kTolerance);
}

TEST_F(DiffusionGolden, AutoencodersEncodeAndDecode) {
  const torch::NoGradGuard no_grad;
  for (const std::string name : {"vae", "vae_plain"}) {
    AutoencoderKl vae(ReadAutoencoderKlConfig(Case(name).at("config"), name).value());
    ExpectSameTensors(name, *vae);
    Fill(*vae);
    const LatentMoments moments = vae->Encode(Given("picture", {1, 3, 24, 16}));
    EXPECT_LT(Difference(moments.mean, Expected(name + ".mean")), kTolerance);
    EXPECT_LT(Difference(moments.log_variance, Expected(name + ".log_variance")), kTolerance);
    const torch::Tensor latents = Given("latents", {1, vae->config().latent_channels, 6, 5});
    EXPECT_LT(Difference(vae->Decode(latents), Expected(name + ".decoded")), kTolerance);
  }
}

TEST_F(DiffusionGolden, TextEncoders) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor ids =
      torch::tensor({58, 3, 17, 44, 59, 59, 59, 58, 0, 1, 2, 3, 57, 59}, torch::kInt64).view({2, 7});
  for (const std::string name : {"text_quick", "text_gelu"}) {
    ClipText text(ReadClipTextConfig(Case(name).at("config"), name).value());
    ExpectSameTensors(name, *text);
    Fill(*text);
    EXPECT_LT(Difference(text->forward(ids, 0), Expected(name + ".last")), kTolerance);
    EXPECT_LT(Difference(text->forward(ids, 1), Expected(name + ".penultimate")), kTolerance);
  }
}

// Networks are made without touching their memory, so the published sizes cost nothing here.
TEST_F(DiffusionGolden, PublishedSizesHaveTheSameTensors) {
  for (const std::string name : {"sd1_unet", "sd1_inpaint", "sd2_unet"})
    ExpectSameTensors(name, *Unet(UnetOf(name)));
  ExpectSameTensors("sd1_control",
                    *Controlnet(ReadControlnetConfig(Case("sd1_control").at("config"), "").value()));
  ExpectSameTensors("sd_vae",
                    *AutoencoderKl(ReadAutoencoderKlConfig(Case("sd_vae").at("config"), "").value()));
  for (const std::string name : {"sd1_text", "sd2_text"})
    ExpectSameTensors(name, *ClipText(ReadClipTextConfig(Case(name).at("config"), name).value()));
}

TEST_F(DiffusionGolden, DefaultsArePublishedSizes) {
  ExpectSameTensors("sd1_unet", *Unet(UnetConfig()));
  ExpectSameTensors("sd1_control", *Controlnet(ControlnetConfig()));
  ExpectSameTensors("sd_vae", *AutoencoderKl(AutoencoderKlConfig()));
  ExpectSameTensors("sd1_text", *ClipText(ClipTextConfig()));
}

}  // namespace
}  // namespace kantei::generate
