// Which thing each pixel of a picture shows: semantic segmentation by SegFormer weights of the user's (docs/models.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::nn {

struct SegmenterOptions {
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:1"
  int threads = 1;             ///< of one call on the CPU, >= 1
};

struct Segmentation {
  int width = 0, height = 0;          ///< the picture's
  std::vector<std::uint16_t> labels;  ///< row-major; each pixel's class, a place in Segmenter::names()
  std::vector<double> shares;         ///< of the picture, one a class, 0..1; the sum is 1

  image::Image MaskOf(int label) const;  ///< 1 channel, 255 where the class is
};

/// Immutable after Open; Segment is thread-safe.
class Segmenter {
 public:
  /// A folder in transformers' layout: config.json of a SegformerForSemanticSegmentation of any size, model.safetensors (or its shards
  /// by model.safetensors.index.json), preprocessor_config.json where it is there. kNotFound, kCorrupt (also missing and surplus
  /// tensors: named), kUnsupported (other networks; pickles, with the way to convert them), kInvalidArgument, kUnavailable (device).
  static Result<std::unique_ptr<Segmenter>> Open(const std::filesystem::path& folder,
                                                 const SegmenterOptions& options = {});
  virtual ~Segmenter() = default;

  /// The classes' names, in the order of their numbers (id2label).
  virtual const std::vector<std::string>& names() const = 0;
  /// Were classes counted without the training data's class 0 (do_reduce_labels)? names() are those of the classes as they are.
  virtual bool reduced_labels() const = 0;
  /// 1 or 3 channels, upright sRGB. At each pixel the class of the greatest logit, logits enlarged bilinearly to the picture's size, as
  /// transformers' post_process_semantic_segmentation. kInvalidArgument for an empty picture, kTooLarge when attention or memory would
  /// be too large, kInternal when the network gives values that are not finite, kCancelled.
  virtual Result<Segmentation> Segment(const image::Image& picture,
                                       const CancellationToken& cancellation = {}) const = 0;
};

}  // namespace kantei::nn
