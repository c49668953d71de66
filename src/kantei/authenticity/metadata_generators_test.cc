#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/metadata_test_util.h"

namespace kantei::authenticity {
namespace {

using test::ExifBlock;
using test::Nul;
using test::Png;
using test::TextChunk;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Field(const GeneratorTag& tag, std::string_view name) {
  for (const NamedValue& value : tag.fields) {
    if (value.name == name) return value.value;
  }
  return "(absent)";
}
std::vector<GeneratorTag> Tags(const std::string& file) {
  return ReadMetadata(test::ToBytes(file), nullptr).generators;
}
GeneratorTag OnlyTag(const std::string& file) {
  const std::vector<GeneratorTag> tags = Tags(file);
  EXPECT_THAT(tags, SizeIs(1));
  return tags.empty() ? GeneratorTag{} : tags[0];
}

const std::string kWebUi =
    "masterpiece, a fox in snow, <lora:detail:0.8>\nsecond line\nNegative prompt: lowres, bad hands\nSteps: "
    "28, Sampler: DPM++ 2M, "
    "Schedule type: Karras, CFG scale: 6.5, Seed: 3141592653, Size: 832x1216, Model hash: 31e35c80fc, Model: "
    "sd_xl_base_1.0, "
    "ADetailer prompt: \"face, \\\"smile\\\", sharp: yes\", Lora hashes: \"detail: 7c6bad76eb54, x: 1\", "
    "Hashes: {\"model\": \"31e3\", \"a\": [1, 2]}, "
    "Clip skip: 2, Version: v1.10.1";

TEST(MetadataGenerators, WebUiTextInPng) {
  const GeneratorTag tag = OnlyTag(Png(TextChunk("parameters", kWebUi)));
  EXPECT_EQ(tag.generator, "Stable Diffusion WebUI");
  EXPECT_EQ(tag.location, "PNG tEXt parameters");
  EXPECT_EQ(Field(tag, "prompt"), "masterpiece, a fox in snow, <lora:detail:0.8>\nsecond line");
  EXPECT_EQ(Field(tag, "negative_prompt"), "lowres, bad hands");
  EXPECT_EQ(Field(tag, "steps"), "28");
  EXPECT_EQ(Field(tag, "sampler"), "DPM++ 2M");
  EXPECT_EQ(Field(tag, "scheduler"), "Karras");
  EXPECT_EQ(Field(tag, "cfg_scale"), "6.5");
  EXPECT_EQ(Field(tag, "seed"), "3141592653");
  EXPECT_EQ(Field(tag, "size"), "832x1216");
  EXPECT_EQ(Field(tag, "model_hash"), "31e35c80fc");
  EXPECT_EQ(Field(tag, "model"), "sd_xl_base_1.0");
  EXPECT_EQ(Field(tag, "adetailer_prompt"),
            "face, \"smile\", sharp: yes");  // commas and colons inside quotes
  EXPECT_EQ(Field(tag, "lora_hashes"), "detail: 7c6bad76eb54, x: 1");
  EXPECT_EQ(Field(tag, "hashes"), "{\"model\": \"31e3\", \"a\": [1, 2]}");
  EXPECT_EQ(Field(tag, "clip_skip"), "2");
  EXPECT_EQ(Field(tag, "version"), "v1.10.1");
}

TEST(MetadataGenerators, WebUiTextInExifUserCommentAndGifComment) {
  ExifBlock block;
  block.exif = {block.Undefined(0x9286, std::string("UNICODE\0", 8) + test::Utf16(kWebUi, false))};
  for (const std::string& file :
       {test::Jpeg(block.JpegSegment()), test::Webp(test::RiffChunk("EXIF", block.Tiff()))}) {
    const GeneratorTag tag = OnlyTag(file);
    EXPECT_EQ(tag.generator, "Stable Diffusion WebUI");
    EXPECT_EQ(tag.location, "EXIF UserComment");
    EXPECT_EQ(Field(tag, "seed"), "3141592653");
  }
  EXPECT_EQ(OnlyTag(test::Gif("\x21\xFE" + test::SubBlocks(kWebUi))).location, "GIF comment");
  EXPECT_EQ(OnlyTag(test::Jpeg(test::Segment(0xFE, kWebUi))).location, "JPEG comment");
}

TEST(MetadataGenerators, WebUiVariants) {
  const auto of = [](const std::string& text) { return OnlyTag(Png(TextChunk("parameters", text))); };
  EXPECT_EQ(of("p\nSteps: 4, Sampler: Euler, Seed: 1, Version: f2.0.1v1.10.1-previous-313").generator,
            "Stable Diffusion WebUI Forge");
  EXPECT_EQ(of("p\nSteps: 4, Seed: 1, Sampler: Euler, App: SD.Next, Version: 71e2c91").generator, "SD.Next");
  EXPECT_EQ(of("p\nSteps: 4, Sampler: Euler, Seed: 1, Version: Fooocus v2.1.862").generator, "Fooocus");
  const GeneratorTag no_prompt = of("Steps: 4, Sampler: Euler, Seed: 1");
  EXPECT_EQ(Field(no_prompt, "prompt"), "(absent)");
  EXPECT_EQ(Field(no_prompt, "seed"), "1");
  const GeneratorTag only_negative = of("Negative prompt: fog\nSteps: 4, Sampler: Euler, Seed: 1");
  EXPECT_EQ(Field(only_negative, "prompt"), "(absent)");
  EXPECT_EQ(Field(only_negative, "negative_prompt"), "fog");
}

TEST(MetadataGenerators, TextsThatOnlyLookAlikeAreNotTags) {
  for (const std::string& text :
       {std::string("Steps: 3"), std::string("Recipe\nSteps: 3, Oven: hot"),
        std::string("Steps: many, Seed: 4"), std::string("sunflower Seed: 4, Size: 10x10"),
        std::string("{\"a\": 1}"), std::string("[1,2]")}) {
    EXPECT_THAT(Tags(Png(TextChunk("Comment", text))), IsEmpty()) << text;
    EXPECT_THAT(Tags(Png(TextChunk("parameters", text))), IsEmpty()) << text;
  }
}

const std::string kComfyPrompt = R"({
  "3": {"class_type": "KSampler", "inputs": {"seed": 156680208700286, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal",
        "denoise": 1.0, "model": ["10", 0], "positive": ["12", 0], "negative": ["7", 0], "latent_image": ["5", 0]}, "is_changed": [NaN]},
  "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5-pruned.safetensors"}},
  "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}},
  "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["20", 0], "clip": ["4", 1]}},
  "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "text, watermark", "clip": ["4", 1]}},
  "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "ink.safetensors", "model": ["4", 0], "clip": ["4", 1]}},
  "12": {"class_type": "ControlNetApply", "inputs": {"conditioning": ["6", 0], "strength": 1.0}},
  "20": {"class_type": "PrimitiveString", "inputs": {"value": "a glass bottle with a galaxy"}},
  "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0]}}})";

TEST(MetadataGenerators, ComfyUiGraphIsWalkedFromItsSampler) {
  const GeneratorTag tag = OnlyTag(Png(TextChunk("prompt", kComfyPrompt) +
                                       TextChunk("workflow", R"({"nodes": [{"id": 3}], "links": []})")));
  EXPECT_EQ(tag.generator, "ComfyUI");
  EXPECT_EQ(tag.location, "PNG tEXt prompt, PNG tEXt workflow");
  EXPECT_EQ(Field(tag, "prompt"), "a glass bottle with a galaxy");
  EXPECT_EQ(Field(tag, "negative_prompt"), "text, watermark");
  EXPECT_EQ(Field(tag, "seed"), "156680208700286");
  EXPECT_EQ(Field(tag, "steps"), "20");
  EXPECT_EQ(Field(tag, "cfg_scale"), "8.0");
  EXPECT_EQ(Field(tag, "sampler"), "euler");
  EXPECT_EQ(Field(tag, "scheduler"), "normal");
  EXPECT_EQ(Field(tag, "model"), "v1-5-pruned.safetensors");
  EXPECT_EQ(Field(tag, "lora"), "ink.safetensors");
}

TEST(MetadataGenerators, ComfyUiCustomSamplerAndExifForm) {
  const std::string graph = R"({
    "13": {"class_type": "SamplerCustomAdvanced", "inputs": {"noise": ["25", 0], "guider": ["22", 0], "sampler": ["16", 0], "sigmas": ["17", 0]}},
    "25": {"class_type": "RandomNoise", "inputs": {"noise_seed": 77}},
    "22": {"class_type": "BasicGuider", "inputs": {"model": ["12", 0], "conditioning": ["26", 0]}},
    "26": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["6", 0]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a paper boat"}},
    "16": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "dpmpp_2m"}},
    "17": {"class_type": "BasicScheduler", "inputs": {"scheduler": "simple", "steps": 25, "model": ["12", 0]}},
    "12": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}}})";
  ExifBlock block;
  block.main = {block.Ascii(0x010F, "workflow:{\"nodes\": [], \"links\": []}"),
                block.Ascii(0x0110, "prompt:" + graph)};
  const Metadata metadata =
      ReadMetadata(test::ToBytes(test::Webp(test::RiffChunk("EXIF", block.Tiff()))), nullptr);
  ASSERT_THAT(metadata.generators, SizeIs(1));
  const GeneratorTag& tag = metadata.generators[0];
  EXPECT_EQ(tag.generator, "ComfyUI");
  EXPECT_EQ(Field(tag, "prompt"), "a paper boat");
  EXPECT_EQ(Field(tag, "seed"), "77");
  EXPECT_EQ(Field(tag, "steps"), "25");
  EXPECT_EQ(Field(tag, "cfg_scale"), "3.5");
  EXPECT_EQ(Field(tag, "model"), "flux1-dev.safetensors");
  EXPECT_FALSE(metadata.has_camera);
}

TEST(MetadataGenerators, ComfyUiGraphWithACycleEnds) {
  const std::string graph =
      R"({"1": {"class_type": "KSampler", "inputs": {"positive": ["2", 0], "seed": ["2", 0]}},
                                "2": {"class_type": "Reroute", "inputs": {"": ["3", 0]}}, "3": {"class_type": "Reroute", "inputs": {"": ["2", 0]}}})";
  const GeneratorTag tag = OnlyTag(Png(TextChunk("prompt", graph)));
  EXPECT_EQ(tag.generator, "ComfyUI");
  EXPECT_THAT(tag.fields, IsEmpty());
}

TEST(MetadataGenerators, NovelAi) {
  const std::string comment =
      R"({"prompt": "1girl, lighthouse", "steps": 28, "height": 1216, "width": 832, "scale": 5.0, "seed": 2718281828,
    "sampler": "k_euler_ancestral", "noise_schedule": "karras", "uc": "lowres", "request_type": "PromptGenerateRequest"})";
  const GeneratorTag png =
      OnlyTag(Png(TextChunk("Title", "NovelAI generated image") +
                  TextChunk("Description", "1girl, lighthouse") + TextChunk("Software", "NovelAI") +
                  TextChunk("Source", "NovelAI Diffusion V4.5 4BDE2A90") + TextChunk("Comment", comment)));
  ExifBlock block;
  const Json wrapped = {{"Comment", comment},
                        {"Description", "1girl, lighthouse"},
                        {"Software", "NovelAI"},
                        {"Source", "NovelAI Diffusion V4.5 4BDE2A90"}};
  block.exif = {block.Undefined(0x9286, std::string("ASCII\0\0\0", 8) + DumpJson(wrapped))};
  const GeneratorTag webp = OnlyTag(test::Webp(test::RiffChunk("EXIF", block.Tiff())));
  for (const GeneratorTag& tag : {png, webp}) {
    EXPECT_EQ(tag.generator, "NovelAI");
    EXPECT_EQ(Field(tag, "prompt"), "1girl, lighthouse");
    EXPECT_EQ(Field(tag, "negative_prompt"), "lowres");
    EXPECT_EQ(Field(tag, "seed"), "2718281828");
    EXPECT_EQ(Field(tag, "cfg_scale"), "5.0");
    EXPECT_EQ(Field(tag, "sampler"), "k_euler_ancestral");
    EXPECT_EQ(Field(tag, "model"), "NovelAI Diffusion V4.5 4BDE2A90");
  }
}

TEST(MetadataGenerators, InvokeAiOfThreeGenerations) {
  const GeneratorTag dream =
      OnlyTag(Png(TextChunk("Dream", "\"a fox [fog]\" -s 50 -S 1234 -W 512 -H 640 -C 7.5 -A k_lms")));
  EXPECT_EQ(dream.generator, "InvokeAI");
  EXPECT_EQ(Field(dream, "prompt"), "a fox");
  EXPECT_EQ(Field(dream, "negative_prompt"), "fog");
  EXPECT_EQ(Field(dream, "seed"), "1234");
  EXPECT_EQ(Field(dream, "height"), "640");
  EXPECT_EQ(Field(dream, "sampler"), "k_lms");
  const GeneratorTag second = OnlyTag(Png(
      TextChunk("sd-metadata",
                R"({"model": "stable diffusion", "model_weights": "sd-1.5", "app_id": "invoke-ai/InvokeAI",
    "app_version": "2.3.0", "image": {"prompt": [{"prompt": "a fox", "weight": 1}], "steps": 50, "cfg_scale": 7.5, "seed": 5, "sampler": "k_lms"}})")));
  EXPECT_EQ(second.generator, "InvokeAI");
  EXPECT_EQ(Field(second, "prompt"), "a fox");
  EXPECT_EQ(Field(second, "seed"), "5");
  const GeneratorTag third = OnlyTag(
      Png(test::ItxtChunk("invokeai_metadata", R"({"app_version": "5.4.2", "generation_mode": "sdxl_txt2img",
    "positive_prompt": "a fox", "negative_prompt": "", "seed": 6, "steps": 30, "cfg_scale": 6, "scheduler": "euler", "model": {"key": "k", "name": "Juggernaut XL"}})") +
          test::ItxtChunk("invokeai_graph", R"({"id": "g", "nodes": {}, "edges": []})")));
  EXPECT_EQ(third.generator, "InvokeAI");
  EXPECT_EQ(Field(third, "prompt"), "a fox");
  EXPECT_EQ(Field(third, "negative_prompt"), "(absent)");
  EXPECT_EQ(Field(third, "model"), "Juggernaut XL");
  EXPECT_EQ(Field(third, "version"), "5.4.2");
}

TEST(MetadataGenerators, OtherProgramsWithJson) {
  const GeneratorTag fooocus = OnlyTag(
      Png(TextChunk(
              "parameters",
              R"({"prompt": "a fox", "negative_prompt": "", "performance": "Speed", "resolution": "1152x896",
    "base_model": "juggernautXL", "seed": "99", "sampler": "dpmpp_2m_sde_gpu", "metadata_scheme": "fooocus"})") +
          TextChunk("fooocus_scheme", "fooocus")));
  EXPECT_EQ(fooocus.generator, "Fooocus");
  EXPECT_EQ(Field(fooocus, "model"), "juggernautXL");
  const GeneratorTag swarm = OnlyTag(Png(TextChunk(
      "parameters",
      R"({"sui_image_params": {"prompt": "a fox", "negativeprompt": "fog", "model": "sdxl", "seed": 3, "steps": 20, "cfgscale": 7.0}})")));
  EXPECT_EQ(swarm.generator, "SwarmUI");
  EXPECT_EQ(Field(swarm, "negative_prompt"), "fog");
  EXPECT_EQ(Field(swarm, "cfg_scale"), "7.0");
  const GeneratorTag easy = OnlyTag(Png(TextChunk("prompt", "a fox") + TextChunk("seed", "4") +
                                        TextChunk("use_stable_diffusion_model", "sd-v1-4") +
                                        TextChunk("num_inference_steps", "25")));
  EXPECT_EQ(easy.generator, "Easy Diffusion");
  EXPECT_EQ(Field(easy, "steps"), "25");
  const std::string draw_things = test::XmpPacket(
      "<rdf:Description xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" "
      "xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" xmp:CreatorTool=\"Draw Things\"><exif:UserComment>"
      "<rdf:Alt><rdf:li xml:lang=\"x-default\">{\"c\":\"a "
      "fox\",\"uc\":\"fog\",\"sampler\":\"Euler\",\"scale\":4.5,\"seed\":8,\"steps\":8,\"model\":\"flux\"}</"
      "rdf:li>"
      "</rdf:Alt></exif:UserComment></rdf:Description>");
  const GeneratorTag draw = OnlyTag(Png(test::ItxtChunk("XML:com.adobe.xmp", draw_things)));
  EXPECT_EQ(draw.generator, "Draw Things");
  EXPECT_EQ(Field(draw, "prompt"), "a fox");
  EXPECT_EQ(Field(draw, "seed"), "8");
  const GeneratorTag unknown =
      OnlyTag(Png(TextChunk("Prompt", "a fox") + TextChunk("Seed", "4") + TextChunk("Steps", "9")));
  EXPECT_EQ(unknown.generator, "unknown");
  EXPECT_EQ(Field(unknown, "seed"), "4");
}

TEST(MetadataGenerators, MidjourneyInPngAndXmp) {
  const std::string description =
      "a paper boat --ar 3:2 --v 6.1 Job ID: a7421d2f-b262-44f9-977c-ac23e9c7d3e3";
  const GeneratorTag tag =
      OnlyTag(Png(TextChunk("Description", description) + TextChunk("Author", "someone")));
  EXPECT_EQ(tag.generator, "Midjourney");
  EXPECT_EQ(Field(tag, "prompt"), "a paper boat --ar 3:2 --v 6.1");
  EXPECT_EQ(Field(tag, "job_id"), "a7421d2f-b262-44f9-977c-ac23e9c7d3e3");
  EXPECT_EQ(Field(tag, "version"), "6.1");
  const std::string packet = test::XmpPacket(
      "<rdf:Description xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:description><rdf:Alt><rdf:li>" +
      description + "</rdf:li></rdf:Alt></dc:description></rdf:Description>");
  EXPECT_EQ(OnlyTag(test::Jpeg(test::XmpSegment(packet))).location, "XMP dc:description");
  EXPECT_THAT(Tags(Png(TextChunk("Description", "print order Job ID: 12"))), IsEmpty());
}

TEST(MetadataGenerators, ProgramsThatSignAndTextsThatMention) {
  ExifBlock block;
  block.main = {block.Ascii(0x0131, "Adobe Firefly")};
  GeneratorTag tag = OnlyTag(test::Jpeg(block.JpegSegment()));
  EXPECT_EQ(tag.generator, "Adobe Firefly");
  EXPECT_EQ(tag.location, "EXIF Software");
  block.main = {block.Ascii(0x010E, "Made in Midjourney, touched up")};
  tag = OnlyTag(test::Jpeg(block.JpegSegment()));
  EXPECT_EQ(tag.generator, "Midjourney");
  EXPECT_EQ(tag.location, "EXIF ImageDescription (mention)");
  // Common words count only where programs sign, and parts of words never.
  block.main = {block.Ascii(0x010E, "an ideogram of the fox; novelaint"),
                block.Ascii(0x0131, "GIMP 2.10.34")};
  EXPECT_THAT(Tags(test::Jpeg(block.JpegSegment())), IsEmpty());
  tag = OnlyTag(test::Jpeg(test::JumbfSegments(test::FireflyStore(), 4000)));
  EXPECT_EQ(tag.generator, "Adobe Firefly");
  EXPECT_EQ(tag.location, "C2PA (signature not checked)");
}

}  // namespace
}  // namespace kantei::authenticity
