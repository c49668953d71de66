#include "kantei/generate/original_layout.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace kantei::generate {
namespace {

constexpr int kMostBlocks = 128;

std::string N(std::size_t number) {
  return std::to_string(number);
}

// Puts pairs below two beginnings.
class Pairs {
 public:
  void Add(const std::string& file, const std::string& ours) { pairs_.emplace_back(file, ours); }
  void AddEach(const std::string& file, const std::string& ours,
               std::initializer_list<std::pair<const char*, const char*>> parts) {
    for (const auto& [theirs, own] : parts) Add(file + theirs, ours + own);
  }
  void Resnet(const std::string& file, const std::string& ours) {
    AddEach(file, ours,
            {{".in_layers.0.", ".norm1."},
             {".in_layers.2.", ".conv1."},
             {".emb_layers.1.", ".time_emb_proj."},
             {".out_layers.0.", ".norm2."},
             {".out_layers.3.", ".conv2."},
             {".skip_connection.", ".conv_shortcut."}});
  }
  NamePairs Take() { return std::move(pairs_); }

 private:
  NamePairs pairs_;
};

void AddWayDown(const UnetConfig& config, Pairs* pairs) {
  pairs->Add("time_embed.0.", "time_embedding.linear_1.");
  pairs->Add("time_embed.2.", "time_embedding.linear_2.");
  pairs->Add("input_blocks.0.0.", "conv_in.");
  std::size_t at = 1;
  for (std::size_t i = 0; i < config.block_out_channels.size(); ++i) {
    const std::string ours = "down_blocks." + N(i) + ".";
    for (std::size_t j = 0; j < static_cast<std::size_t>(config.layers_per_block); ++j, ++at) {
      pairs->Resnet("input_blocks." + N(at) + ".0", ours + "resnets." + N(j));
      if (config.down_attention[i])
        pairs->Add("input_blocks." + N(at) + ".1.", ours + "attentions." + N(j) + ".");
    }
    if (i + 1 < config.block_out_channels.size())
      pairs->Add("input_blocks." + N(at++) + ".0.op.", ours + "downsamplers.0.conv.");
  }
  pairs->Resnet("middle_block.0", "mid_block.resnets.0");
  pairs->Add("middle_block.1.", "mid_block.attentions.0.");
  pairs->Resnet("middle_block.2", "mid_block.resnets.1");
}

// Looks at tensors below a prefix; remembers whether one that must be there was missing.
class Shapes {
 public:
  Shapes(const nn::WeightSource& source, std::string prefix) : source_(source), prefix_(std::move(prefix)) {}
  bool Has(const std::string& name) const { return source_.tensors.contains(prefix_ + name); }
  int Dimensions(const std::string& name) const {
    const auto found = source_.tensors.find(prefix_ + name);
    return found == source_.tensors.end() ? 0 : static_cast<int>(found->second.shape.size());
  }
  int Size(const std::string& name, std::size_t dimension) {
    const auto found = source_.tensors.find(prefix_ + name);
    if (found == source_.tensors.end() || found->second.shape.size() <= dimension ||
        found->second.shape[dimension] > 1'000'000) {
      if (!missing_) missing_ = prefix_ + name;
      return 1;
    }
    return static_cast<int>(found->second.shape[dimension]);
  }
  /// Whole blocks name.0, name.1, ... that have `part`.
  int Count(const std::string& name, const std::string& part) const {
    int count = 0;
    while (count < kMostBlocks && Has(name + "." + std::to_string(count) + part)) ++count;
    return count;
  }
  template <typename Config>
  Result<Config> Done(const Config& config, const std::string& what) const {
    const auto unsupported = [&](const std::string& why) {
      return Error{ErrorCode::kUnsupported, source_.name + " has no " + what +
                                                " of Stable Diffusion 1 or 2 in the original layout: " + why};
    };
    if (missing_) return unsupported("the tensor " + *missing_ + " is missing or of another shape");
    if (const Status valid = config.Validate(); !valid.ok()) return unsupported(valid.error().message);
    return config;
  }

 private:
  const nn::WeightSource& source_;
  std::string prefix_;
  std::optional<std::string> missing_;
};

UnetConfig WayDownFromTensors(Shapes& shapes) {
  UnetConfig config;
  config.in_channels = shapes.Size("input_blocks.0.0.weight", 1);
  config.block_out_channels.clear();
  config.down_attention.clear();
  int in_level = 0;
  const std::string attention = ".1.transformer_blocks.0.attn2.to_k.weight";
  std::string some_attention;
  for (int at = 1; at < kMostBlocks; ++at) {
    const std::string block = "input_blocks." + std::to_string(at);
    if (shapes.Has(block + ".0.op.weight")) {
      in_level = 0;
      continue;
    }
    if (!shapes.Has(block + ".0.in_layers.2.weight")) break;
    if (in_level++ == 0) {
      config.block_out_channels.push_back(shapes.Size(block + ".0.in_layers.2.weight", 0));
      config.down_attention.push_back(shapes.Has(block + attention));
    }
    if (shapes.Has(block + attention)) some_attention = block + ".1.";
    config.layers_per_block = in_level;
  }
  if (some_attention.empty()) some_attention = "middle_block.1.";
  config.cross_attention_dim = shapes.Size(some_attention + "transformer_blocks.0.attn2.to_k.weight", 1);
  config.transformer_layers =
      std::max(1, shapes.Count(some_attention + "transformer_blocks", ".attn2.to_k.weight"));
  config.use_linear_projection = shapes.Dimensions(some_attention + "proj_in.weight") == 2;
  config.heads.clear();
  for (const int width : config.block_out_channels)
    config.heads.push_back(config.use_linear_projection ? std::max(1, width / 64) : 8);
  config.sample_size = config.use_linear_projection ? 96 : 64;
  return config;
}

// 1x1 convolutions of the autoencoder's attention as the linear layers that they are.
void FlattenAttention(nn::WeightSource* source) {
  for (auto& [name, view] : source->tensors) {
    if (name.find("mid_block.attentions.0.to_") != name.npos && view.shape.size() == 4 &&
        view.shape[2] == 1 && view.shape[3] == 1) {
      view.shape.resize(2);
    }
  }
}

}  // namespace

nn::WeightSource Renamed(const nn::WeightSource& source, const std::string& prefix, const NamePairs& pairs) {
  // Sorted, so that the longest beginning of a name is found by stepping back from it.
  const std::map<std::string, std::string> sorted(pairs.begin(), pairs.end());
  nn::WeightSource renamed;
  renamed.name = source.name;
  renamed.files = source.files;
  for (const auto& [whole, view] : source.tensors) {
    if (!whole.starts_with(prefix)) continue;
    const std::string name = whole.substr(prefix.size());
    std::string ours = name;
    for (std::size_t length = name.size(); length > 0; --length) {
      const auto found = sorted.find(name.substr(0, length));
      if (found == sorted.end()) continue;
      ours = found->second + name.substr(length);
      break;
    }
    renamed.tensors.emplace(std::move(ours), view);
  }
  return renamed;
}

NamePairs UnetNames(const UnetConfig& config) {
  Pairs pairs;
  AddWayDown(config, &pairs);
  std::size_t at = 0;
  const std::size_t levels = config.block_out_channels.size();
  for (std::size_t i = 0; i < levels; ++i) {
    const std::string ours = "up_blocks." + N(i) + ".";
    const auto layers = static_cast<std::size_t>(config.layers_per_block);
    for (std::size_t j = 0; j <= layers; ++j, ++at) {
      const std::string block = "output_blocks." + N(at);
      pairs.Resnet(block + ".0", ours + "resnets." + N(j));
      if (config.up_attention[i]) pairs.Add(block + ".1.", ours + "attentions." + N(j) + ".");
      if (j == layers && i + 1 < levels)
        pairs.Add(block + (config.up_attention[i] ? ".2" : ".1") + ".conv.", ours + "upsamplers.0.conv.");
    }
  }
  pairs.Add("out.0.", "conv_norm_out.");
  pairs.Add("out.2.", "conv_out.");
  return pairs.Take();
}

NamePairs ControlnetNames(const ControlnetConfig& config) {
  Pairs pairs;
  AddWayDown(config.unet, &pairs);
  const std::size_t hints = 2 * (config.conditioning_embedding_out_channels.size() - 1);
  const std::string embedding = "controlnet_cond_embedding.";
  pairs.Add("input_hint_block.0.", embedding + "conv_in.");
  for (std::size_t i = 0; i < hints; ++i)
    pairs.Add("input_hint_block." + N(2 * i + 2) + ".", embedding + "blocks." + N(i) + ".");
  pairs.Add("input_hint_block." + N(2 * hints + 2) + ".", embedding + "conv_out.");
  const std::size_t ends =
      config.unet.block_out_channels.size() * static_cast<std::size_t>(config.unet.layers_per_block + 1);
  for (std::size_t i = 0; i < ends; ++i)
    pairs.Add("zero_convs." + N(i) + ".0.", "controlnet_down_blocks." + N(i) + ".");
  pairs.Add("middle_block_out.0.", "controlnet_mid_block.");
  return pairs.Take();
}

NamePairs AutoencoderNames(const AutoencoderKlConfig& config) {
  Pairs pairs;
  const std::size_t levels = config.block_out_channels.size();
  for (std::size_t i = 0; i < levels; ++i) {
    const std::string down = "encoder.down." + N(i), our_down = "encoder.down_blocks." + N(i);
    // The authors count the way up from the top.
    const std::string up = "decoder.up." + N(levels - 1 - i), our_up = "decoder.up_blocks." + N(i);
    for (std::size_t j = 0; j <= static_cast<std::size_t>(config.layers_per_block); ++j) {
      for (const auto& [file, ours] : {std::pair{down, our_down}, std::pair{up, our_up}}) {
        const std::string block = file + ".block." + N(j), our_block = ours + ".resnets." + N(j);
        pairs.Add(block + ".nin_shortcut.", our_block + ".conv_shortcut.");
        pairs.Add(block + ".", our_block + ".");
      }
    }
    pairs.Add(down + ".downsample.", our_down + ".downsamplers.0.");
    pairs.Add(up + ".upsample.", our_up + ".upsamplers.0.");
  }
  for (const std::string half : {"encoder.", "decoder."}) {
    pairs.Add(half + "mid.block_1.", half + "mid_block.resnets.0.");
    pairs.Add(half + "mid.block_2.", half + "mid_block.resnets.1.");
    pairs.AddEach(half + "mid.attn_1.", half + "mid_block.attentions.0.",
                  {{"norm.", "group_norm."},
                   {"q.", "to_q."},
                   {"k.", "to_k."},
                   {"v.", "to_v."},
                   {"proj_out.", "to_out.0."}});
    pairs.Add(half + "norm_out.", half + "conv_norm_out.");
  }
  return pairs.Take();
}

NamePairs OpenTextNames(int layers) {
  Pairs pairs;
  const std::string ours = "text_model.";
  pairs.Add("token_embedding.", ours + "embeddings.token_embedding.");
  pairs.Add("positional_embedding", ours + "embeddings.position_embedding.weight");
  pairs.Add("ln_final.", ours + "final_layer_norm.");
  for (int i = 0; i < layers; ++i) {
    const std::string number = std::to_string(i);
    pairs.AddEach("transformer.resblocks." + number + ".", ours + "encoder.layers." + number + ".",
                  {{"ln_1.", "layer_norm1."},
                   {"ln_2.", "layer_norm2."},
                   {"attn.out_proj.", "self_attn.out_proj."},
                   {"mlp.c_fc.", "mlp.fc1."},
                   {"mlp.c_proj.", "mlp.fc2."}});
  }
  return pairs.Take();
}

Result<UnetConfig> UnetFromTensors(const nn::WeightSource& source, const std::string& prefix) {
  Shapes shapes(source, prefix);
  UnetConfig config = WayDownFromTensors(shapes);
  config.out_channels = shapes.Size("out.2.weight", 0);
  config.up_attention.clear();
  for (int i = 0; i < config.levels(); ++i) {
    config.up_attention.push_back(shapes.Has("output_blocks." +
                                             std::to_string(i * (config.layers_per_block + 1)) +
                                             ".1.transformer_blocks.0.attn2.to_k.weight"));
  }
  if (shapes.Has("label_emb.0.0.weight")) {
    return Error{ErrorCode::kUnsupported,
                 source.name +
                     " is of a model that takes more than words and steps (SDXL?); only Stable "
                     "Diffusion 1 and 2 are read"};
  }
  return shapes.Done(config, "UNet");
}

Result<ControlnetConfig> ControlnetFromTensors(const nn::WeightSource& source, const std::string& prefix) {
  Shapes shapes(source, prefix);
  ControlnetConfig config;
  config.unet = WayDownFromTensors(shapes);
  config.conditioning_channels = shapes.Size("input_hint_block.0.weight", 1);
  auto& widths = config.conditioning_embedding_out_channels;
  widths = {shapes.Size("input_hint_block.0.weight", 0)};
  // Pairs of convolutions, the second of which widens; then the end.
  for (int at = 4; at < kMostBlocks && shapes.Has("input_hint_block." + std::to_string(at + 2) + ".weight");
       at += 4)
    widths.push_back(shapes.Size("input_hint_block." + std::to_string(at) + ".weight", 0));
  return shapes.Done(config, "ControlNet");
}

Result<AutoencoderKlConfig> AutoencoderFromTensors(const nn::WeightSource& source,
                                                   const std::string& prefix) {
  Shapes shapes(source, prefix);
  AutoencoderKlConfig config;
  config.in_channels = shapes.Size("encoder.conv_in.weight", 1);
  config.out_channels = shapes.Size("decoder.conv_out.weight", 0);
  config.latent_channels = shapes.Size("decoder.conv_in.weight", 1);
  config.block_out_channels.clear();
  for (int i = 0; i < kMostBlocks; ++i) {
    const std::string first = "encoder.down." + std::to_string(i) + ".block.0.conv1.weight";
    if (!shapes.Has(first)) break;
    config.block_out_channels.push_back(shapes.Size(first, 0));
  }
  config.layers_per_block = shapes.Count("encoder.down.0.block", ".conv1.weight");
  config.mid_block_add_attention = shapes.Has("encoder.mid.attn_1.q.weight");
  config.use_quant_conv = shapes.Has("quant_conv.weight");
  config.use_post_quant_conv = shapes.Has("post_quant_conv.weight");
  return shapes.Done(config, "autoencoder");
}

bool HasOpenText(const nn::WeightSource& source) {
  return source.tensors.contains(std::string(kOriginalOpenText) + "token_embedding.weight");
}

Result<ClipTextConfig> TextFromTensors(const nn::WeightSource& source) {
  const bool open = HasOpenText(source);
  Shapes shapes(source, open ? kOriginalOpenText : kOriginalText);
  const std::string words = open ? "token_embedding.weight" : "text_model.embeddings.token_embedding.weight";
  const std::string places =
      open ? "positional_embedding" : "text_model.embeddings.position_embedding.weight";
  ClipTextConfig config;
  config.vocab_size = shapes.Size(words, 0);
  config.hidden_size = shapes.Size(words, 1);
  config.max_position_embeddings = shapes.Size(places, 0);
  config.num_attention_heads = std::max(1, config.hidden_size / 64);
  config.quick_gelu = !open;
  if (open) {
    config.intermediate_size = shapes.Size("transformer.resblocks.0.mlp.c_fc.weight", 0);
    config.num_hidden_layers = shapes.Count("transformer.resblocks", ".mlp.c_fc.weight") - 1;
  } else {
    config.intermediate_size = shapes.Size("text_model.encoder.layers.0.mlp.fc1.weight", 0);
    config.num_hidden_layers = shapes.Count("text_model.encoder.layers", ".mlp.fc1.weight");
  }
  return shapes.Done(config, "text encoder");
}

nn::WeightSource OriginalUnet(const nn::WeightSource& source, const UnetConfig& config) {
  return Renamed(source, kOriginalUnet, UnetNames(config));
}

nn::WeightSource OriginalControlnet(const nn::WeightSource& source, const ControlnetConfig& config,
                                    const std::string& prefix) {
  return Renamed(source, prefix, ControlnetNames(config));
}

nn::WeightSource OriginalAutoencoder(const nn::WeightSource& source, const AutoencoderKlConfig& config) {
  nn::WeightSource renamed = Renamed(source, kOriginalAutoencoder, AutoencoderNames(config));
  FlattenAttention(&renamed);
  // What the autoencoder was trained against.
  std::erase_if(renamed.tensors, [](const auto& item) { return item.first.starts_with("loss."); });
  return renamed;
}

nn::WeightSource OriginalText(const nn::WeightSource& source, const ClipTextConfig& config) {
  if (!HasOpenText(source)) return Renamed(source, kOriginalText, {});
  nn::WeightSource renamed = Renamed(source, kOriginalOpenText, OpenTextNames(config.num_hidden_layers));
  const std::string last = "transformer.resblocks." + std::to_string(config.num_hidden_layers) + ".";
  std::map<std::string, nn::TensorView> tensors;
  for (auto& [name, view] : renamed.tensors) {
    if (name.starts_with(last) || name == "text_projection" || name == "logit_scale" || name == "attn_mask")
      continue;
    const std::size_t fused = name.find(".attn.in_proj_");
    const std::string begin = "transformer.resblocks.";
    if (fused == name.npos || !name.starts_with(begin) || view.shape.empty() || view.shape[0] % 3 != 0) {
      tensors.emplace(name, view);
      continue;
    }
    // Rows of queries, keys and values one below the other; thirds of the bytes too.
    const std::string layer = name.substr(begin.size(), fused - begin.size());
    const std::string kind = name.substr(fused + std::string_view(".attn.in_proj_").size());
    const std::size_t third = view.bytes.size() / 3;
    for (std::size_t i = 0; i < 3; ++i) {
      nn::TensorView part = view;
      part.shape[0] /= 3;
      part.bytes = view.bytes.subspan(i * third, third);
      static constexpr std::array<const char*, 3> kParts = {"q_proj.", "k_proj.", "v_proj."};
      tensors.emplace("text_model.encoder.layers." + layer + ".self_attn." + kParts[i] + kind,
                      std::move(part));
    }
  }
  renamed.tensors = std::move(tensors);
  return renamed;
}

nn::WeightSource WithNewAttentionNames(const nn::WeightSource& source) {
  Pairs pairs;
  for (const std::string half : {"encoder.", "decoder."}) {
    const std::string attention = half + "mid_block.attentions.0.";
    pairs.AddEach(attention, attention,
                  {{"query.", "to_q."}, {"key.", "to_k."}, {"value.", "to_v."}, {"proj_attn.", "to_out.0."}});
  }
  nn::WeightSource renamed = Renamed(source, "", pairs.Take());
  FlattenAttention(&renamed);
  return renamed;
}

}  // namespace kantei::generate
