// All that is made of one source picture. Private to dataset/.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kantei/dataset/build_engines.h"
#include "kantei/dataset/build_manifest.h"
#include "kantei/dataset/build_quality.h"
#include "kantei/dataset/build_scene.h"
#include "kantei/dataset/build_set.h"
#include "kantei/dataset/build_splits.h"
#include "kantei/dataset/built_sample.h"
#include "kantei/dataset/post_processing.h"
#include "kantei/dataset/source_files.h"

namespace kantei::dataset {

/// What all pictures share. Nothing changes once the first is made.
struct BuildContext {
  const BuildSetOptions* options = nullptr;
  std::vector<SourcePicture> pictures;
  CocoAnnotations annotations;
  std::vector<std::vector<CutoutFile>> cutouts;       ///< by split
  std::vector<std::vector<std::size_t>> donors;       ///< usable pictures by split
  std::vector<std::unique_ptr<BuildEngine>> engines;  ///< as the plan has them
  Redecoder redecode;                                 ///< may be empty when the plan never needs it
  std::optional<generate::DiffusionModel> text_model;
  BuildQuality quality;
  ReplacementSource* ideas = nullptr;
};

/// SOURCE/NAME.DIGEST
std::string SourceKey(const SourcePicture& picture);
/// Keys of all that the plan wants of a picture: the authentic one first.
std::vector<std::string> PictureKeys(const BuildPlan& plan, const SourcePicture& picture);

class PictureBuilder {
 public:
  PictureBuilder(const BuildContext& context, BuildManifest* manifest, const CancellationToken& cancellation)
      : context_(context), manifest_(*manifest), cancellation_(cancellation) {}

  struct Outcome {
    Status file;  ///< the source could not be used
    Status disk;  ///< the set cannot be written, or a model is broken: the run ends
  };
  /// Makes what the manifest does not have. `done` is called after each picture of PictureKeys.
  Outcome Build(const SourcePicture& picture, const std::function<void()>& done);

 private:
  struct Source;
  Status Authentic(Source* source);
  Status Variant(const Source& source, std::size_t number, const std::string& key);
  Status FromText(const Source& source, const std::string& key);
  Result<ReplacementIdea> Idea(const SceneDescription& scene, std::uint64_t seed,
                               std::vector<Json>* rows) const;
  Result<std::optional<PasteMaterial>> Material(const Source& source, Random& random) const;
  Status Write(const Source& source, const FinishedPicture& finished, const image::Image& mask,
               BuiltSample* sample) const;
  Status Refuse(const std::string& key, std::vector<Json> rows, const char* step, const char* status,
                const std::string& reason);
  Result<image::Image> Read(const SourcePicture& picture, std::string* remark) const;

  const BuildContext& context_;
  BuildManifest& manifest_;
  const CancellationToken& cancellation_;
};

}  // namespace kantei::dataset
