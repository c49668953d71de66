#include "kantei/generate/diffusion_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/generate/diffusion_files.h"
#include "kantei/generate/diffusion_model_net.h"
#include "kantei/generate/diffusion_test_net.h"
#include "kantei/generate/original_layout.h"
#include "kantei/nn/weights_net.h"

namespace kantei::generate {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class DiffusionModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        fs::temp_directory_path() / ("kantei-diffusion-" + std::to_string(getpid()) + "-" + test->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void SaveTiny(const TinyOptions& options = {}) {
    const Status saved = SaveDiffusionModel(TinyNets(options), folder_, false);
    ASSERT_TRUE(saved.ok()) << saved.error().message;
  }

  DiffusionModel Loaded(const fs::path& path, const DiffusionModelOptions& options = {}) {
    auto loaded = DiffusionModel::Load(path, options);
    EXPECT_TRUE(loaded.ok()) << loaded.error().message;
    return loaded.ok() ? *loaded : DiffusionModel::Make(TinyNets()).value();
  }

  static Error Failure(const fs::path& path, const DiffusionModelOptions& options = {}) {
    const auto loaded = DiffusionModel::Load(path, options);
    EXPECT_FALSE(loaded.ok());
    return loaded.ok() ? Error{ErrorCode::kInternal, ""} : loaded.error();
  }

  void Change(const std::string& file, const std::function<void(Json&)>& change) {
    Json json = ParseJson(ReadTextFile(folder_ / file, 1 << 20).value(), file).value();
    change(json);
    ASSERT_TRUE(WriteFileAtomic(folder_ / file, std::string_view(DumpJson(json))).ok());
  }

  static void Write(const nn::NamedTensors& tensors, const fs::path& path) {
    const Status saved = nn::SaveTensors(tensors, {}, path);
    ASSERT_TRUE(saved.ok()) << saved.error().message;
  }

  // The tensors of a network under the file's names, below a prefix.
  static void AddOriginal(const torch::nn::Module& module, const NamePairs& pairs, const std::string& prefix,
                          nn::NamedTensors* tensors) {
    for (const auto& [name, tensor] : nn::StateOf(module)) {
      std::string theirs = name;
      std::size_t longest = 0;
      for (const auto& [file, ours] : pairs) {
        if (!name.starts_with(ours) || ours.size() <= longest) continue;
        longest = ours.size();
        theirs = file + name.substr(ours.size());
      }
      EXPECT_TRUE(tensors->emplace(prefix + theirs, tensor.detach()).second) << prefix + theirs;
    }
  }

  static nn::NamedTensors Original(const DiffusionNets& nets) {
    nn::NamedTensors tensors;
    AddOriginal(*nets.unet, UnetNames(nets.unet->config()), kOriginalUnet, &tensors);
    AddOriginal(*nets.vae, AutoencoderNames(nets.vae->config()), kOriginalAutoencoder, &tensors);
    for (auto& [name, tensor] : tensors) {  // 1x1 convolutions in this layout
      if (name.find(".attn_1.") != name.npos && name.ends_with(".weight") && tensor.dim() == 2)
        tensor = tensor.view({tensor.size(0), tensor.size(1), 1, 1});
    }
    tensors["alphas_cumprod"] = torch::ones({1000});
    tensors["first_stage_model.loss.logvar"] = torch::zeros({1});
    return tensors;
  }

  const fs::path kUnetFile = fs::path("unet") / "diffusion_pytorch_model.safetensors";
  fs::path folder_;
};

TEST_F(DiffusionModelTest, SavedModelIsReadBack) {
  const DiffusionNets nets = TinyNets({false, false, true});
  ASSERT_TRUE(SaveDiffusionModel(nets, folder_, false).ok());
  DiffusionModelOptions options;
  options.controlnet = folder_ / "controlnet";
  const DiffusionModel model = Loaded(folder_, options);
  EXPECT_TRUE(torch::equal(UnetAnswer(model.nets()), UnetAnswer(nets)));
  EXPECT_EQ(model.info().kind, "latent diffusion");
  EXPECT_EQ(model.info().layout, "Diffusers folder");
  EXPECT_EQ(model.info().factor, 2);
  EXPECT_EQ(model.info().sample_side, 128);
  EXPECT_EQ(model.info().context_width, 64);
  EXPECT_EQ(model.info().context_length, 16);
  EXPECT_TRUE(model.info().has_controlnet);
  EXPECT_FALSE(model.info().inpainting);
  EXPECT_EQ(model.info().scheduler.beta_schedule, "scaled_linear");
  EXPECT_EQ(model.nets().tokenizer->Tokens("Kantei 鑑定").value(),
            nets.tokenizer->Tokens("Kantei 鑑定").value());
  std::int64_t parameters = 0;
  for (const torch::Tensor& parameter : nets.unet->parameters()) parameters += parameter.numel();
  EXPECT_EQ(model.info().unet_parameters, parameters);
}

TEST_F(DiffusionModelTest, HalfPrecisionOnDiskAndInMemory) {
  const DiffusionNets nets = TinyNets();
  ASSERT_TRUE(SaveDiffusionModel(nets, folder_).ok());
  const torch::Tensor exact = UnetAnswer(nets);
  const auto difference = [&](const DiffusionModel& model) {
    return ((UnetAnswer(model.nets()) - exact).abs().mean() / exact.abs().mean()).item<double>();
  };
  const double float16 = difference(Loaded(folder_));
  EXPECT_GT(float16, 0);
  EXPECT_LT(float16, 5e-3);
  DiffusionModelOptions options;
  options.precision = DiffusionPrecision::kBfloat16;
  const DiffusionModel model = Loaded(folder_, options);
  EXPECT_EQ(model.nets().unet->type(), torch::kBFloat16);
  EXPECT_EQ(model.nets().vae->type(), torch::kFloat32);
  EXPECT_LT(difference(model), 5e-2);
}

TEST_F(DiffusionModelTest, InpaintingIsSeen) {
  SaveTiny({false, true, false});
  EXPECT_TRUE(Loaded(folder_).info().inpainting);
}

TEST_F(DiffusionModelTest, TensorsThatAreWrongAreNamed) {
  const DiffusionNets nets = TinyNets();
  ASSERT_TRUE(SaveDiffusionModel(nets, folder_, false).ok());
  const nn::NamedTensors good = nn::StateOf(*nets.unet);
  const std::string name = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight";
  ASSERT_TRUE(good.contains(name));

  nn::NamedTensors tensors = good;
  tensors.erase(name);
  tensors["some.other.weight"] = torch::zeros({1});
  Write(tensors, folder_ / kUnetFile);
  Error failure = Failure(folder_);
  EXPECT_EQ(failure.code, ErrorCode::kCorrupt);
  EXPECT_THAT(failure.message, AllOf(HasSubstr("missing (" + name), HasSubstr("not known (some.other.weight"),
                                     HasSubstr("unet/diffusion_pytorch_model.safetensors")));

  tensors = good;
  tensors[name] = torch::zeros({64, 63});
  Write(tensors, folder_ / kUnetFile);
  EXPECT_THAT(Failure(folder_).message, AllOf(HasSubstr(name), HasSubstr("[64, 63]"), HasSubstr("[64, 64]")));

  tensors = good;
  tensors[name] = torch::zeros({64, 64}, torch::kInt64);
  Write(tensors, folder_ / kUnetFile);
  EXPECT_THAT(Failure(folder_).message, AllOf(HasSubstr(name), HasSubstr("whole numbers")));
}

TEST_F(DiffusionModelTest, FilesOfAllNames) {
  const DiffusionNets nets = TinyNets();
  ASSERT_TRUE(SaveDiffusionModel(nets, folder_, false).ok());
  const torch::Tensor answer = UnetAnswer(nets);
  fs::rename(folder_ / kUnetFile, folder_ / "unet" / "diffusion_pytorch_model.fp16.safetensors");
  EXPECT_TRUE(torch::equal(UnetAnswer(Loaded(folder_).nets()), answer));
  fs::remove(folder_ / "unet" / "diffusion_pytorch_model.fp16.safetensors");
  Error failure = Failure(folder_);
  EXPECT_EQ(failure.code, ErrorCode::kNotFound);
  EXPECT_THAT(failure.message, HasSubstr("diffusion_pytorch_model.fp16.safetensors"));

  nn::NamedTensors shards[2];
  Json map = Json::object();
  int count = 0;
  for (const auto& [name, tensor] : nn::StateOf(*nets.unet)) {
    const int shard = ++count % 2;
    shards[shard][name] = tensor;
    map[name] = "part-" + std::to_string(shard) + ".safetensors";
  }
  for (int i = 0; i < 2; ++i)
    Write(shards[i], folder_ / "unet" / ("part-" + std::to_string(i) + ".safetensors"));
  const fs::path index = folder_ / "unet" / "diffusion_pytorch_model.safetensors.index.json";
  const auto write_index = [&](const Json& weights) {
    ASSERT_TRUE(WriteFileAtomic(index, std::string_view(DumpJson(
                                           Json{{"metadata", Json::object()}, {"weight_map", weights}})))
                    .ok());
  };
  write_index(map);
  EXPECT_TRUE(torch::equal(UnetAnswer(Loaded(folder_).nets()), answer));

  Json wrong = map;
  wrong["conv_in.weight"] = "../../secret.safetensors";
  write_index(wrong);
  EXPECT_THAT(Failure(folder_).message, AllOf(HasSubstr("secret"), HasSubstr("beside it is expected")));
  wrong["conv_in.weight"] =
      map["conv_in.weight"] == "part-0.safetensors" ? "part-1.safetensors" : "part-0.safetensors";
  write_index(wrong);
  EXPECT_THAT(Failure(folder_).message, HasSubstr("conv_in.weight, which it has not"));
  write_index(Json::array());
  EXPECT_EQ(Failure(folder_).code, ErrorCode::kCorrupt);
}

TEST_F(DiffusionModelTest, OlderNamesOfTheAutoencoder) {
  const DiffusionNets nets = TinyNets();
  ASSERT_TRUE(SaveDiffusionModel(nets, folder_, false).ok());
  nn::NamedTensors tensors;
  int renamed = 0;
  for (const auto& [name, tensor] : nn::StateOf(*nets.vae)) {
    std::string old = name;
    for (const auto& [now, before] : {std::pair<std::string, std::string>{".to_q.", ".query."},
                                      {".to_k.", ".key."},
                                      {".to_v.", ".value."},
                                      {".to_out.0.", ".proj_attn."}}) {
      if (const std::size_t at = old.find(now); at != old.npos)
        old.replace(at, now.size(), before), ++renamed;
    }
    tensors[old] = tensor;
  }
  ASSERT_EQ(renamed, 16);
  Write(tensors, folder_ / "vae" / "diffusion_pytorch_model.safetensors");
  const torch::NoGradGuard no_grad;
  AutoencoderKl before = nets.vae, after = Loaded(folder_).nets().vae;
  const torch::Tensor latents = torch::sin(torch::arange(4 * 30, torch::kFloat32)).view({1, 4, 5, 6});
  EXPECT_TRUE(torch::equal(before->Decode(latents), after->Decode(latents)));
}

TEST_F(DiffusionModelTest, OriginalLayoutOfVersion1) {
  const DiffusionNets nets = TinyNets();
  ASSERT_TRUE(nets.tokenizer->Save(folder_ / "tokenizer").ok());
  nn::NamedTensors tensors = Original(nets);
  AddOriginal(*nets.text, {}, kOriginalText, &tensors);
  tensors[std::string(kOriginalText) + "text_model.embeddings.position_ids"] =
      torch::arange(16).view({1, 16});
  const fs::path file = folder_ / "model.safetensors";
  Write(tensors, file);
  const DiffusionModel model = Loaded(file);
  EXPECT_TRUE(torch::equal(UnetAnswer(model.nets()), UnetAnswer(nets)));
  EXPECT_EQ(model.info().layout, "original file");
  EXPECT_EQ(model.info().scheduler.prediction_type, "epsilon");
  EXPECT_TRUE(model.info().remarks.empty());
  const torch::NoGradGuard no_grad;
  AutoencoderKl before = nets.vae, after = model.nets().vae;
  const torch::Tensor latents = torch::sin(torch::arange(4 * 30, torch::kFloat32)).view({1, 4, 5, 6});
  EXPECT_TRUE(torch::equal(before->Decode(latents), after->Decode(latents)));
  const torch::Tensor picture = torch::sin(torch::arange(3 * 48, torch::kFloat32)).view({1, 3, 6, 8});
  EXPECT_TRUE(torch::equal(before->Encode(picture).mean, after->Encode(picture).mean));

  tensors.erase("model.diffusion_model.output_blocks.1.1.conv.bias");
  Write(tensors, file);
  EXPECT_THAT(Failure(file).message, HasSubstr("missing (up_blocks.0.upsamplers.0.conv.bias"));
  fs::remove_all(folder_ / "tokenizer");
  EXPECT_EQ(Failure(file).code, ErrorCode::kNotFound);
  EXPECT_THAT(Failure(file).message, HasSubstr("vocab.json and merges.txt"));
}

TEST_F(DiffusionModelTest, OriginalLayoutOfVersion2) {
  const DiffusionNets nets = TinyNets({true, false, false});
  ASSERT_TRUE(nets.tokenizer->Save(folder_).ok());
  nn::NamedTensors tensors = Original(nets), text;
  AddOriginal(*nets.text, OpenTextNames(3), kOriginalOpenText, &text);
  for (int layer = 0; layer < 2; ++layer) {
    const std::string theirs =
        std::string(kOriginalOpenText) + "transformer.resblocks." + std::to_string(layer) + ".attn.in_proj_";
    const std::string ours =
        std::string(kOriginalOpenText) + "text_model.encoder.layers." + std::to_string(layer) + ".self_attn.";
    for (const std::string kind : {"weight", "bias"}) {
      const auto part = [&](const std::string& name) {
        return text.extract(ours + name + "_proj." + kind).mapped();
      };
      text[theirs + kind] = torch::cat({part("q"), part("k"), part("v")});
    }
  }
  // The layer whose output is not used.
  for (const auto& [name, tensor] : nn::NamedTensors(text)) {
    const std::string begin = std::string(kOriginalOpenText) + "transformer.resblocks.";
    if (name.starts_with(begin + "1.")) text[begin + "2." + name.substr(begin.size() + 2)] = tensor;
  }
  text[std::string(kOriginalOpenText) + "text_projection"] = torch::zeros({64, 64});
  text[std::string(kOriginalOpenText) + "logit_scale"] = torch::zeros({});
  tensors.merge(text);
  const fs::path file = folder_ / "model.safetensors";
  Write(tensors, file);
  DiffusionModel model = Loaded(file);
  EXPECT_TRUE(torch::equal(UnetAnswer(model.nets()), UnetAnswer(nets)));
  const torch::NoGradGuard no_grad;
  const torch::Tensor ids = torch::tensor({{5, 80, 300, 513}});
  ClipText before = nets.text, after = model.nets().text;
  EXPECT_TRUE(torch::equal(before->forward(ids, 0), after->forward(ids, 0)));
  EXPECT_EQ(model.nets().tokenizer->pad(), 0);
  EXPECT_EQ(model.info().scheduler.prediction_type, "v_prediction");
  EXPECT_EQ(model.info().remarks.size(), 1u);
  DiffusionModelOptions options;
  options.prediction_type = "epsilon";
  model = Loaded(file, options);
  EXPECT_EQ(model.info().scheduler.prediction_type, "epsilon");
  EXPECT_TRUE(model.info().remarks.empty());
  options.prediction_type = "noise";
  EXPECT_THAT(Failure(file, options).message, HasSubstr("prediction_type is \"noise\""));
}

TEST_F(DiffusionModelTest, ControlnetInTheOriginalLayout) {
  const DiffusionNets nets = TinyNets({false, false, true});
  SaveTiny();
  const torch::NoGradGuard no_grad;
  for (const std::string prefix : {"", "control_model."}) {
    nn::NamedTensors tensors;
    AddOriginal(*nets.controlnet, ControlnetNames(nets.controlnet->config()), prefix, &tensors);
    ASSERT_TRUE(tensors.contains(prefix + "zero_convs.3.0.weight"));
    Write(tensors, folder_ / "control.safetensors");
    DiffusionModelOptions options;
    options.controlnet = folder_ / "control.safetensors";
    Controlnet before = nets.controlnet, after = Loaded(folder_, options).nets().controlnet;
    ASSERT_FALSE(after.is_empty());
    const torch::Tensor latents = torch::sin(torch::arange(4 * 48, torch::kFloat32)).view({1, 4, 6, 8}),
                        words = torch::ones({1, 3, 64}), picture = torch::rand({1, 3, 12, 16});
    const ControlResiduals a = before->forward(latents, torch::tensor({7}), words, picture, 1, {}),
                           b = after->forward(latents, torch::tensor({7}), words, picture, 1, {});
    EXPECT_TRUE(torch::equal(a.middle, b.middle));
    EXPECT_GT(a.middle.abs().max().item<float>(), 0);
    EXPECT_TRUE(torch::equal(a.skips.back(), b.skips.back()));
  }
}

TEST_F(DiffusionModelTest, PicklesAreRefusedWithAWayOut) {
  SaveTiny();
  for (const std::string name : {"model.ckpt", "model.PT", "zip.safetensors", "plain"}) {
    const std::string content = name == "plain" ? std::string("\x80\x02}q") : std::string("PK\x03\x04");
    ASSERT_TRUE(WriteFileAtomic(folder_ / name, std::string_view(content)).ok());
    const Error failure = Failure(folder_ / name);
    EXPECT_EQ(failure.code, ErrorCode::kUnsupported) << name;
    EXPECT_THAT(failure.message, AllOf(HasSubstr("pickle"), HasSubstr("safetensors.torch.save_file")));
  }
  fs::rename(folder_ / kUnetFile, folder_ / "unet" / "diffusion_pytorch_model.bin");
  EXPECT_THAT(Failure(folder_).message, AllOf(HasSubstr("diffusion_pytorch_model.bin"), HasSubstr("pickle")));
}

TEST_F(DiffusionModelTest, OtherModelsAreRefused) {
  SaveTiny();
  Change("model_index.json", [](Json& json) {
    json["text_encoder_2"] = {"transformers", "CLIPTextModelWithProjection"};
  });
  EXPECT_EQ(Failure(folder_).code, ErrorCode::kUnsupported);
  EXPECT_THAT(Failure(folder_).message, HasSubstr("text_encoder_2"));
  Change("model_index.json", [](Json& json) {
    json.erase("text_encoder_2");
    json["unet"] = {"diffusers", "UNet3DConditionModel"};
  });
  EXPECT_THAT(Failure(folder_).message, HasSubstr("UNet3DConditionModel"));
  fs::remove(folder_ / "model_index.json");
  EXPECT_EQ(Failure(folder_).code, ErrorCode::kNotFound);
  Write({{"a", torch::zeros({1})}}, folder_ / "other.safetensors");
  EXPECT_EQ(Failure(folder_ / "other.safetensors").code, ErrorCode::kUnsupported);
  EXPECT_EQ(Failure(folder_ / "nothing").code, ErrorCode::kNotFound);
  DiffusionModelOptions options;
  options.device = "abacus";
  EXPECT_EQ(Failure(folder_, options).code, ErrorCode::kInvalidArgument);
}

TEST_F(DiffusionModelTest, HostileConfigs) {
  SaveTiny();
  const std::string good = ReadTextFile(folder_ / "unet" / "config.json", 1 << 20).value();
  const struct {
    const char* key;
    Json value;
    ErrorCode code;
  } cases[] = {{"block_out_channels", {2147483647, 64}, ErrorCode::kCorrupt},
               {"block_out_channels", Json::array(), ErrorCode::kCorrupt},
               {"block_out_channels", Json(std::vector<int>(60, 32)), ErrorCode::kCorrupt},
               {"block_out_channels", {32, "64"}, ErrorCode::kCorrupt},
               {"block_out_channels", {33, 64}, ErrorCode::kCorrupt},
               {"norm_num_groups", 0, ErrorCode::kCorrupt},
               {"in_channels", 4294967300, ErrorCode::kCorrupt},
               {"in_channels", -4, ErrorCode::kCorrupt},
               {"layers_per_block", 1000000000, ErrorCode::kCorrupt},
               {"layers_per_block", {1, 2}, ErrorCode::kUnsupported},
               {"attention_head_dim", {5, 7}, ErrorCode::kCorrupt},
               {"attention_head_dim", 0, ErrorCode::kCorrupt},
               {"down_block_types", {"CrossAttnDownBlock2D"}, ErrorCode::kCorrupt},
               {"down_block_types", {"CrossAttnDownBlock2D", "AttnDownBlock2D"}, ErrorCode::kUnsupported},
               {"cross_attention_dim", "wide", ErrorCode::kCorrupt},
               {"norm_eps", 1e300, ErrorCode::kCorrupt},
               {"class_embed_type", "timestep", ErrorCode::kUnsupported},
               {"num_class_embeds", 1000, ErrorCode::kUnsupported},
               {"addition_embed_type", "text_time", ErrorCode::kUnsupported},
               {"only_cross_attention", true, ErrorCode::kUnsupported}};
  for (const auto& each : cases) {
    ASSERT_TRUE(WriteFileAtomic(folder_ / "unet" / "config.json", std::string_view(good)).ok());
    Change("unet/config.json", [&](Json& json) { json[each.key] = each.value; });
    const Error failure = Failure(folder_);
    EXPECT_EQ(failure.code, each.code) << each.key << ": " << failure.message;
    EXPECT_THAT(failure.message, HasSubstr("unet/config.json")) << each.key;
  }
  for (const std::string& text :
       {std::string(100'000, '['), std::string("[]"), std::string("{\"a\":1,\"a\":2}"), std::string()}) {
    ASSERT_TRUE(WriteFileAtomic(folder_ / "unet" / "config.json", std::string_view(text)).ok());
    EXPECT_FALSE(DiffusionModel::Load(folder_).ok());
  }
  ASSERT_TRUE(WriteFileAtomic(folder_ / "unet" / "config.json", std::string_view(good)).ok());
  Change("scheduler/scheduler_config.json", [](Json& json) { json["beta_schedule"] = "sigmoid"; });
  EXPECT_THAT(Failure(folder_).message, HasSubstr("scheduler_config.json"));
}

TEST_F(DiffusionModelTest, SchedulersFieldsAndDefaults) {
  SaveTiny();
  Change("scheduler/scheduler_config.json", [](Json& json) {
    json = {{"_class_name", "PNDMScheduler"},
            {"beta_start", 0.002},
            {"num_train_timesteps", 500},
            {"prediction_type", "v_prediction"},
            {"skip_prk_steps", true}};
  });
  const SchedulerConfig config = Loaded(folder_).info().scheduler;
  EXPECT_EQ(config.num_train_timesteps, 500);
  EXPECT_DOUBLE_EQ(config.beta_start, 0.002);
  EXPECT_DOUBLE_EQ(config.beta_end, 0.02);
  EXPECT_EQ(config.beta_schedule, "linear");
  EXPECT_EQ(config.prediction_type, "v_prediction");
  EXPECT_EQ(config.steps_offset, 0);
  EXPECT_FALSE(config.set_alpha_to_one);
  EXPECT_EQ(config.timestep_spacing, "leading");
}

TEST_F(DiffusionModelTest, PartsMustFit) {
  DiffusionNets nets = TinyNets();
  EXPECT_TRUE(DiffusionModel::Make(nets).ok());
  const auto refused = [](const DiffusionNets& changed) {
    const auto made = DiffusionModel::Make(changed);
    EXPECT_FALSE(made.ok());
    return made.ok() ? std::string() : made.error().message;
  };
  DiffusionNets changed = nets;
  changed.tokenizer.reset();
  EXPECT_THAT(refused(changed), HasSubstr("tokenizer"));
  changed.tokenizer = ClipTokenizer::MakeBytes(17);
  EXPECT_THAT(refused(changed), HasSubstr("prompts of 17"));
  changed = nets;
  ClipTextConfig text = nets.text->config();
  text.hidden_size = 32;
  changed.text = ClipText(text);
  EXPECT_THAT(refused(changed), HasSubstr("words have 32 numbers"));
  changed = nets;
  AutoencoderKlConfig vae = nets.vae->config();
  vae.latent_channels = 8;
  changed.vae = AutoencoderKl(vae);
  EXPECT_THAT(refused(changed), HasSubstr("latents have 8"));
  changed = TinyNets({false, false, true});
  ControlnetConfig control = changed.controlnet->config();
  control.conditioning_embedding_out_channels = {8, 8, 8};
  changed.controlnet = Controlnet(control);
  EXPECT_THAT(refused(changed), HasSubstr("different factors"));
}

}  // namespace
}  // namespace kantei::generate
