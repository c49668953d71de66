#include "kantei/dataset/build_lists.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <system_error>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/sha256.h"
#include "kantei/dataset/authenticity_set.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

/// A path of the set as seen from the folder of its split.
std::string InSplit(const BuiltSample& sample, const std::string& path) {
  return path.empty() ? path : path.substr(sample.split.size() + 1);
}

Json CocoJson(const BuildPlan& plan, const std::vector<const BuiltSample*>& samples) {
  std::map<std::string, int> categories;
  for (const BuiltSample* s : samples)
    for (const std::string& name : s->objects)
      if (!s->mask.empty()) categories[name] = 0;
  categories["background"] = 0;  // of masks that cover no object
  int next = 0;
  Json images = Json::array(), annotations = Json::array(), names = Json::array();
  for (auto& [name, id] : categories) {
    id = ++next;
    names.push_back(Json{{"id", id}, {"name", name}});
  }
  int annotation = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const BuiltSample& s = *samples[i];
    const int image = static_cast<int>(i) + 1;
    images.push_back(Json{{"id", image},
                          {"file_name", InSplit(s, s.picture)},
                          {"width", s.width},
                          {"height", s.height},
                          {"license", 1},
                          {"history", s.history},
                          {"kind", s.kind},
                          {"engine", s.engine},
                          {"source", s.source},
                          {"original", InSplit(s, s.original)},
                          {"post_processing", s.post_steps}});
    if (!s.caption.empty())
      annotations.push_back(Json{{"id", ++annotation}, {"image_id", image}, {"caption", s.caption}});
    if (s.mask.empty()) continue;
    annotations.push_back(
        Json{{"id", ++annotation},
             {"image_id", image},
             {"category_id", categories.at(s.objects.empty() ? "background" : s.objects.front())},
             {"segmentation", {{"size", Json::array({s.height, s.width})}, {"counts", s.rle}}},
             {"bbox", Json::array({s.box.x, s.box.y, s.box.width, s.box.height})},
             {"area", std::llround(s.mask_share * s.width * s.height)},
             {"iscrowd", 0},
             {"mask_kind", s.mask_kind},
             {"objects", s.objects},
             {"replacement", s.replacement},
             {"prompt", s.prompt}});
  }
  return Json{{"info", {{"description", plan.name}, {"version", "1"}}},
              {"licenses", Json::array({Json{{"id", 1}, {"name", plan.licence}}})},
              {"images", images},
              {"annotations", annotations},
              {"categories", names}};
}

Json ImdlJson(const std::vector<const BuiltSample*>& samples) {
  Json pairs = Json::array();
  for (const BuiltSample* s : samples) {
    if (s->history == "authentic") pairs.push_back(Json::array({InSplit(*s, s->picture), "Negative"}));
    if (!s->mask.empty()) pairs.push_back(Json::array({InSplit(*s, s->picture), InSplit(*s, s->mask)}));
  }
  return pairs;
}

/// SOURCE/NAME.DIGEST of SOURCE/NAME.DIGEST#NUMBER.
std::string SourceOf(const BuiltSample& sample) {
  return sample.key.substr(0, sample.key.rfind('#'));
}

Json AnimeDl2mJson(const std::vector<const BuiltSample*>& samples) {
  std::map<std::string, std::vector<const BuiltSample*>> by_source;
  for (const BuiltSample* s : samples) by_source[SourceOf(*s)].push_back(s);
  Json records = Json::array();
  for (const auto& [source, list] : by_source) {
    Json raw = nullptr, text = nullptr, label = Json::array(), method = Json::array();
    Json mask = Json::array(), inpaint = Json::array(), t2i = Json::array();
    for (const BuiltSample* s : list) {
      if (!s->caption.empty()) text = s->caption;
      if (s->history == "authentic") {
        raw = InSplit(*s, s->picture);
      } else if (!s->mask.empty()) {
        mask.push_back(InSplit(*s, s->mask));
        inpaint.push_back(InSplit(*s, s->picture));
        label.push_back(s->mask_kind);
        method.push_back(s->engine + " " + s->kind);
      } else {
        t2i.push_back(InSplit(*s, s->picture));
      }
    }
    const auto or_null = [](Json list_of) { return list_of.empty() ? Json(nullptr) : list_of; };
    records.push_back(Json{{"raw", raw},
                           {"text", text},
                           {"mask", or_null(mask)},
                           {"inpaint", or_null(inpaint)},
                           {"t2i", or_null(t2i)},
                           {"mask_label", or_null(label)},
                           {"method", or_null(method)}});
  }
  return records;
}

std::string Number(const std::optional<double>& value) {
  return value ? DumpJson(Json(*value)) : std::string();
}

std::string CsvText(const std::vector<const BuiltSample*>& samples) {
  std::string text =
      "picture,mask,original,history,engine,kind,source,split,width,height,mask_kind,mask_share,objects,"
      "caption,replacement,prompt,idea_source,post_processing,psnr_outside,ssim_outside,irs,realism,"
      "detector_uncertainty,detector_logit,detector_iou,pdq,sha256\n";
  for (const BuiltSample* s : samples) {
    std::string objects;
    for (const std::string& name : s->objects) objects += (objects.empty() ? "" : "; ") + name;
    // A reader of histories takes a mask for that of an edited picture only.
    const bool edited = s->history == "edited";
    const std::vector<std::string> fields{InSplit(*s, s->picture),
                                          edited ? InSplit(*s, s->mask) : "",
                                          InSplit(*s, s->original),
                                          s->history,
                                          s->engine,
                                          s->kind,
                                          s->source,
                                          s->split,
                                          std::to_string(s->width),
                                          std::to_string(s->height),
                                          s->mask_kind,
                                          Number(s->mask_share),
                                          objects,
                                          s->caption,
                                          s->replacement,
                                          s->prompt,
                                          s->idea_source,
                                          s->post,
                                          Number(s->psnr_outside),
                                          Number(s->ssim_outside),
                                          Number(s->irs),
                                          Number(s->realism),
                                          Number(s->detector_uncertainty),
                                          Number(s->detector_logit),
                                          Number(s->detector_iou),
                                          s->pdq,
                                          s->picture_sha256};
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i > 0 ? "," : "") + CsvField(fields[i]);
    text += "\n";
  }
  return text;
}

/// Another name for a file; a copy where the disk knows no links.
Status Link(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::create_hard_link(from, to, failure);
  if (failure) fs::copy_file(from, to, fs::copy_options::overwrite_existing, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable, DisplayPath(to) + " cannot be made: " + failure.message()};
  return {};
}

Status WriteTpGt(const fs::path& out, const fs::path& folder,
                 const std::vector<const BuiltSample*>& samples) {
  std::error_code failure;
  fs::remove_all(folder, failure);
  for (const char* half : {"Tp", "Gt"}) {
    fs::create_directories(folder / half, failure);
    if (failure)
      return Error{ErrorCode::kUnavailable, DisplayPath(folder) + " cannot be made: " + failure.message()};
  }
  std::size_t number = 0;
  for (const BuiltSample* s : samples) {
    if (s->mask.empty()) continue;
    // Readers pair both folders by order, so names begin with a number.
    std::string stem = std::to_string(++number);
    stem = std::string(7 - std::min<std::size_t>(7, stem.size()), '0') + stem + "-" +
           fs::path(s->picture).stem().string();
    KANTEI_RETURN_IF_ERROR(
        Link(out / s->picture, folder / "Tp" / (stem + fs::path(s->picture).extension().string())));
    KANTEI_RETURN_IF_ERROR(Link(out / s->mask, folder / "Gt" / (stem + ".png")));
  }
  return {};
}

Status WriteSampleTable(const fs::path& out, const fs::path& folder,
                        const std::vector<const BuiltSample*>& samples) {
  std::vector<AuthenticitySample> listed;
  for (const BuiltSample* s : samples) {
    AuthenticitySample sample;
    KANTEI_TRY(sample.history, ParseHistory(s->history));
    sample.picture = out / s->picture;
    if (sample.history == History::kEdited) sample.mask = out / s->mask;
    if (!s->original.empty()) sample.original = out / s->original;
    sample.engine = s->engine + (s->kind == "regenerated" ? "-regenerated" : "");
    sample.source = s->source;
    sample.split = s->split;
    listed.push_back(std::move(sample));
  }
  return WriteAuthenticitySet(folder, listed);
}

}  // namespace

Status WriteLists(const fs::path& out, const BuildPlan& plan, std::span<const BuiltSample> samples) {
  const auto wants = [&](std::string_view format) {
    return std::find(plan.annotations.begin(), plan.annotations.end(), format) != plan.annotations.end();
  };
  std::vector<const BuiltSample*> all;
  std::map<std::string, std::vector<const BuiltSample*>> splits;
  for (const BuiltSample& sample : samples) {
    all.push_back(&sample);
    splits[sample.split].push_back(&sample);
  }
  KANTEI_RETURN_IF_ERROR(WriteSampleTable(out, out, all));
  for (const auto& [split, samples_of_it] : splits) {
    const fs::path folder = out / split;
    const std::vector<const BuiltSample*>& list = samples_of_it;  // Clang 14 lets no lambda keep a binding
    KANTEI_RETURN_IF_ERROR(WriteSampleTable(out, folder, list));
    const auto write = [&](std::string_view format, const char* name,
                           const std::function<std::string()>& text) -> Status {
      return wants(format) ? WriteFileAtomic(folder / name, text()) : Status();
    };
    KANTEI_RETURN_IF_ERROR(write("coco", "coco.json", [&] { return DumpJson(CocoJson(plan, list)) + "\n"; }));
    KANTEI_RETURN_IF_ERROR(write("imdl", "imdl.json", [&] { return DumpJson(ImdlJson(list)) + "\n"; }));
    KANTEI_RETURN_IF_ERROR(
        write("animedl2m", "animedl2m.json", [&] { return DumpJson(AnimeDl2mJson(list)) + "\n"; }));
    KANTEI_RETURN_IF_ERROR(write("csv", "samples.csv", [&] { return CsvText(list); }));
    if (wants("tp-gt")) KANTEI_RETURN_IF_ERROR(WriteTpGt(out, folder / "tp-gt", list));
  }
  return {};
}

Status WriteSums(const fs::path& out, std::span<const BuiltSample> samples) {
  std::map<std::string, std::string> sums;
  std::set<std::string> splits;
  for (const BuiltSample& sample : samples) {
    sums[sample.picture] = sample.picture_sha256;
    if (!sample.mask.empty()) sums[sample.mask] = sample.mask_sha256;
    splits.insert(sample.split + "/");
  }
  splits.insert("");
  for (const std::string& split : splits) {
    for (const char* name : {"samples.tsv", "coco.json", "imdl.json", "animedl2m.json", "samples.csv",
                             "manifest.jsonl", "plan.json", "sources.tsv", "leaks.json", "README.md"}) {
      std::error_code ignored;
      const fs::path file = out / (split + name);
      if (!fs::exists(file, ignored)) continue;
      KANTEI_TRY(sums[split + name], Sha256File(file));
    }
  }
  std::string text;
  for (const auto& [file, sum] : sums) text += sum + "  " + file + "\n";
  return WriteFileAtomic(out / "SHA256SUMS", text);
}

}  // namespace kantei::dataset
