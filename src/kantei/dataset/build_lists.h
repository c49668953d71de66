// The lists of a built set, all made from its manifest's finished pictures. Private to dataset/.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/build_plan.h"
#include "kantei/dataset/build_set.h"
#include "kantei/dataset/built_sample.h"

namespace kantei::dataset {

/// out/samples.tsv and, for each split that has pictures, out/SPLIT/samples.tsv and the plan's formats:
///   coco.json        COCO: images, annotations with run lengths, categories by object, captions; prompts and engines beside
///   imdl.json        IMDL-BenCo: [picture, mask or "Negative"]; pictures without a mask of their own are left out
///   tp-gt/{Tp,Gt}    hard links (copies where the disk has none) with equal names
///   animedl2m.json   AnimeDL-2M: raw, text, mask[], inpaint[], t2i[] for each source picture
///   samples.csv      one row a picture with all that is known
/// Paths in them are relative to the list.
Status WriteLists(const std::filesystem::path& out, const BuildPlan& plan,
                  std::span<const BuiltSample> samples);

/// Near duplicates in two splits whose pictures are not of one source picture, and held-out engines, sources and objects outside
/// test-out. Written to leaks.json; gives their number.
Result<std::int64_t> CheckLeaks(const std::filesystem::path& out, const BuildPlan& plan,
                                std::span<const BuiltSample> samples, int threads,
                                const CancellationToken& cancellation);

/// README.md, the data card.
Status WriteDataCard(const BuildSetOptions& options, const BuildSetSummary& summary,
                     std::span<const BuiltSample> samples);

/// SHA256SUMS as sha256sum -c reads it: pictures and masks by the manifest, lists by what is on the disk.
Status WriteSums(const std::filesystem::path& out, std::span<const BuiltSample> samples);

}  // namespace kantei::dataset
