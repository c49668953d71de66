#include "kantei/train/diffusion_start_net.h"

#include <algorithm>
#include <utility>

#include "kantei/train/latent_autoencoder_file_net.h"
#include "kantei/train/word_pieces.h"

namespace kantei::train {
namespace {

Result<generate::AutoencoderKl> BeginAutoencoder(const std::filesystem::path& path) {
  if (path.extension() == ".safetensors") return LoadLatentAutoencoder(path);
  KANTEI_TRY(const generate::DiffusionModel model, generate::DiffusionModel::Load(path));
  return model.nets().vae;
}

}  // namespace

Result<generate::DiffusionNets> BeginDiffusion(const DiffusionTrainingOptions& options,
                                               const CaptionedPictures& pictures) {
  if (!options.init.empty()) {
    KANTEI_TRY(const generate::DiffusionModel model, generate::DiffusionModel::Load(options.init));
    return model.nets();
  }
  generate::DiffusionNets nets;
  KANTEI_TRY(nets.vae, BeginAutoencoder(options.autoencoder));
  generate::ClipTextConfig text = options.text;
  KANTEI_TRY(nets.tokenizer,
             generate::ClipTokenizer::Make(LearnWordPieces(pictures.captions, options.vocabulary),
                                           text.max_position_embeddings));
  text.vocab_size = static_cast<int>(nets.tokenizer->size());
  generate::UnetConfig unet = options.unet;
  unet.in_channels = unet.out_channels = nets.vae->config().latent_channels;
  unet.cross_attention_dim = text.hidden_size;
  unet.sample_size = options.side / nets.vae->config().factor();
  KANTEI_RETURN_IF_ERROR(text.Validate());
  KANTEI_RETURN_IF_ERROR(unet.Validate());
  nets.text = generate::ClipText(text);
  nets.unet = generate::Unet(unet);
  generate::BeginWeights(*nets.text, options.schedule.seed);
  generate::BeginWeights(*nets.unet, options.schedule.seed + 1);
  nets.scheduler.prediction_type = options.velocity ? "v_prediction" : "epsilon";
  nets.scheduler.set_alpha_to_one = true;
  nets.scheduler.timestep_spacing = "trailing";
  nets.scheduler.steps_offset = 0;
  return nets;
}

generate::AutoencoderKlConfig SmallLatentAutoencoder() {
  generate::AutoencoderKlConfig config;
  config.block_out_channels = {32, 64, 96};
  config.layers_per_block = 1;
  config.norm_num_groups = 16;
  config.mid_block_add_attention = false;
  config.scaling_factor = 1;
  config.sample_size = 128;
  return config;
}

generate::UnetConfig SmallUnet(std::vector<int> widths, bool finest_attends) {
  if (widths.empty()) widths = {64, 128, 160};
  generate::UnetConfig config;
  config.block_out_channels = widths;
  config.heads.clear();
  config.down_attention.clear();
  for (const int width : widths) {
    config.heads.push_back(std::max(1, width / 32));
    config.down_attention.push_back(finest_attends || config.heads.size() > 1);
  }
  config.up_attention.assign(config.down_attention.rbegin(), config.down_attention.rend());
  config.layers_per_block = 1;
  config.use_linear_projection = true;
  return config;
}

generate::ClipTextConfig SmallTextEncoder() {
  generate::ClipTextConfig config;
  config.vocab_size = 2048;
  config.hidden_size = 192;
  config.intermediate_size = 768;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 6;
  config.max_position_embeddings = 24;
  return config;
}

}  // namespace kantei::train
