#include "kantei/dataset/coco_scenes.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "kantei/base/files.h"
#include "kantei/base/json.h"

namespace kantei::dataset {
namespace {

constexpr std::uint64_t kMaxBytes = 1ull << 30;
constexpr std::size_t kMaxImages = 5'000'000;
constexpr std::size_t kMaxAnnotations = 50'000'000;
constexpr std::size_t kMaxName = 200;

class Reader {
 public:
  Status Read(const std::filesystem::path& file) {
    name_ = DisplayPath(file);
    KANTEI_TRY(const std::string text, ReadTextFile(file, kMaxBytes));
    KANTEI_TRY(const Json json, ParseJson(text, name_));
    if (!json.is_object() || !json.contains("images"))
      return Bad("has no list \"images\"; expected annotations in the form of COCO");
    KANTEI_RETURN_IF_ERROR(
        Each(json, "images", kMaxImages, [this](const Json& entry) { return Image(entry); }));
    KANTEI_RETURN_IF_ERROR(
        Each(json, "categories", kMaxImages, [this](const Json& entry) { return Category(entry); }));
    return Each(json, "annotations", kMaxAnnotations,
                [this](const Json& entry) { return Annotation(entry); });
  }
  std::vector<CocoScene> scenes;

 private:
  Error Bad(const std::string& what) const { return Error{ErrorCode::kCorrupt, name_ + " " + what}; }

  template <typename Take>
  Status Each(const Json& json, const char* list, std::size_t most, Take take) const {
    const auto found = json.find(list);
    if (found == json.end()) return {};
    if (!found->is_array()) return Bad("has \"" + std::string(list) + "\" that is no list");
    if (found->size() > most)
      return Error{ErrorCode::kTooLarge, name_ + " has more than " + std::to_string(most) + " " + list};
    for (std::size_t i = 0; i < found->size(); ++i)
      if (const std::string problem = (*found)[i].is_object() ? take((*found)[i]) : "is no object";
          !problem.empty())
        return Bad(std::string(list) + "/" + std::to_string(i) + " " + problem);
    return {};
  }

  static bool Integer(const Json& entry, const char* name, std::int64_t* value) {
    const auto found = entry.find(name);
    if (found == entry.end() || !found->is_number_integer()) return false;
    *value = found->get<std::int64_t>();
    return true;
  }

  std::string Image(const Json& entry) {
    CocoScene scene;
    if (!Integer(entry, "id", &scene.image_id)) return "has no integer \"id\"";
    if (const auto file = entry.find("file_name"); file != entry.end() && file->is_string())
      scene.file_name = file->get_ref<const std::string&>().substr(0, 4096);
    std::int64_t width = 0, height = 0;
    Integer(entry, "width", &width);
    Integer(entry, "height", &height);
    if (!place_.emplace(scene.image_id, scenes.size()).second)
      return second_file_ ? "" : "has the id of an earlier image";
    scenes.push_back(std::move(scene));
    areas_.push_back(static_cast<double>(std::max<std::int64_t>(0, width)) *
                     static_cast<double>(std::max<std::int64_t>(0, height)));
    return {};
  }

  std::string Category(const Json& entry) {
    std::int64_t id = 0;
    const auto name = entry.find("name");
    if (!Integer(entry, "id", &id)) return "has no integer \"id\"";
    if (name == entry.end() || !name->is_string()) return "has no \"name\"";
    categories_[id] = name->get_ref<const std::string&>().substr(0, kMaxName);
    return {};
  }

  std::string Annotation(const Json& entry) {
    std::int64_t image = 0, category = 0;
    if (!Integer(entry, "image_id", &image)) return "has no integer \"image_id\"";
    const auto place = place_.find(image);
    if (place == place_.end()) return "is of an image that \"images\" does not list";
    SceneDescription& scene = scenes[place->second].scene;
    if (const auto caption = entry.find("caption"); caption != entry.end()) {
      if (!caption->is_string()) return "has a \"caption\" that is no text";
      if (scene.caption.empty()) scene.caption = caption->get_ref<const std::string&>().substr(0, 2000);
      return {};
    }
    if (!Integer(entry, "category_id", &category))
      return "has neither a \"caption\" nor an integer \"category_id\"";
    const auto name = categories_.find(category);
    if (name == categories_.end()) return "is of a category that \"categories\" does not list";
    double area = 0;
    if (const auto stated = entry.find("area"); stated != entry.end() && stated->is_number()) {
      area = stated->get<double>();
    } else if (const auto box = entry.find("bbox"); box != entry.end() && box->is_array() &&
                                                    box->size() == 4 && (*box)[2].is_number() &&
                                                    (*box)[3].is_number()) {
      area = (*box)[2].get<double>() * (*box)[3].get<double>();
    }
    const double whole = areas_[place->second];
    scene.objects.push_back(
        {name->second, whole > 0 && std::isfinite(area) ? std::clamp(area / whole, 0.0, 1.0) : 0.0});
    return {};
  }

 public:
  void NextFile() { second_file_ = true; }

 private:
  std::string name_;
  bool second_file_ = false;
  std::unordered_map<std::int64_t, std::size_t> place_;
  std::vector<double> areas_;
  std::unordered_map<std::int64_t, std::string> categories_;
};

}  // namespace

Result<std::vector<CocoScene>> ReadCocoScenes(const std::filesystem::path& annotations,
                                              const std::filesystem::path& captions) {
  Reader reader;
  KANTEI_RETURN_IF_ERROR(reader.Read(annotations));
  if (!captions.empty()) {
    reader.NextFile();
    KANTEI_RETURN_IF_ERROR(reader.Read(captions));
  }
  return std::move(reader.scenes);
}

}  // namespace kantei::dataset
