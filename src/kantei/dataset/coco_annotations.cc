#include "kantei/dataset/coco_annotations.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/image/draw.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = 1ull << 30;
constexpr std::size_t kMostAnnotations = 5'000'000, kMostCorners = 100'000, kMostWord = 200,
                      kMostCaption = 4000;
constexpr int kMostSide = 65'535;

Error Corrupt(std::string_view name, const std::string& place, const std::string& what) {
  return {ErrorCode::kCorrupt, std::string(name) + ", " + place + ": " + what};
}

std::string Clean(std::string text, std::size_t most) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  if (text.size() > most) text.resize(most);
  return text;
}

std::optional<int> Side(const Json& image, const char* key) {
  if (!image.contains(key) || !image.at(key).is_number_integer()) return std::nullopt;
  const auto value = image.at(key).get<std::int64_t>();
  if (value < 1 || value > kMostSide) return std::nullopt;
  return static_cast<int>(value);
}

double PolygonArea(const image::Polygon& polygon) {
  double twice = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const image::Point &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
    twice += double(a.x) * b.y - double(b.x) * a.y;
  }
  return std::fabs(twice) / 2;
}

/// Empty: nothing wrong.
std::string ReadPolygons(const Json& lists, const CocoPicture& picture, CocoObject* object) {
  double area = 0;
  for (const Json& list : lists) {
    if (!list.is_array() || list.size() % 2 != 0 || list.size() < 6 || list.size() > 2 * kMostCorners)
      return "a polygon must be a list of x, y, x, y, ... with 3 to 100000 corners";
    image::Polygon polygon;
    for (std::size_t i = 0; i < list.size(); i += 2) {
      if (!list[i].is_number() || !list[i + 1].is_number()) return "a corner of a polygon is no number";
      const double x = list[i].get<double>(), y = list[i + 1].get<double>();
      if (!std::isfinite(x) || !std::isfinite(y)) return "a corner of a polygon is no finite number";
      polygon.push_back({static_cast<float>(std::clamp(x, 0.0, double(picture.width))),
                         static_cast<float>(std::clamp(y, 0.0, double(picture.height)))});
    }
    area += PolygonArea(polygon);
    object->polygons.push_back(std::move(polygon));
  }
  object->share = std::min(1.0, area / (double(picture.width) * picture.height));
  return {};
}

std::string ReadRle(const Json& json, const CocoPicture& picture, CocoObject* object) {
  if (!json.contains("counts") || !json.contains("size") || !json.at("size").is_array() ||
      json.at("size").size() != 2)
    return "run lengths need \"size\": [height, width] and \"counts\"";
  const Json& size = json.at("size");
  if (size[0] != picture.height || size[1] != picture.width)
    return "run lengths are of another size than their picture, " + std::to_string(picture.width) + "x" +
           std::to_string(picture.height);
  CocoRle rle{picture.height, picture.width, {}};
  const Json& counts = json.at("counts");
  if (counts.is_string()) {
    auto parsed = ParseRleString(counts.get_ref<const std::string&>());
    if (!parsed.ok()) return parsed.error().message;
    rle.counts = std::move(*parsed);
  } else if (counts.is_array()) {
    for (const Json& count : counts) {
      if (!count.is_number_integer() || count < 0 || count > 0xFFFFFFFFll)
        return "a run length is no count of pixels";
      rle.counts.push_back(count.get<std::uint32_t>());
    }
  } else {
    return "\"counts\" is neither a list nor a string";
  }
  std::uint64_t sum = 0;
  for (const std::uint32_t count : rle.counts) sum += count;
  const std::uint64_t pixels = static_cast<std::uint64_t>(rle.width) * static_cast<std::uint64_t>(rle.height);
  if (sum != pixels)
    return "run lengths sum up to " + std::to_string(sum) + " pixels and the picture has " +
           std::to_string(pixels);
  object->share = static_cast<double>(RleArea(rle)) / static_cast<double>(pixels);
  object->rle = std::move(rle);
  return {};
}

/// The part of a generic path behind the last slash.
std::string LastPart(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace

Result<image::Image> DrawObject(const CocoObject& object, const CocoPicture& annotated, int width,
                                int height) {
  if (object.rle) {
    KANTEI_TRY(image::Image mask, DecodeRle(*object.rle));
    if (mask.width() == width && mask.height() == height) return mask;
    mask = image::Resize(mask, width, height);
    for (std::uint8_t& value : mask.pixels()) value = value >= 128 ? 255 : 0;
    return mask;
  }
  image::Image mask(width, height, 1);
  const float across = static_cast<float>(width) / static_cast<float>(annotated.width);
  const float down = static_cast<float>(height) / static_cast<float>(annotated.height);
  for (image::Polygon polygon : object.polygons) {
    for (image::Point& corner : polygon) corner = {corner.x * across, corner.y * down};
    const image::Image part = image::PolygonMask(polygon, width, height);
    for (std::size_t i = 0; i < mask.pixels().size(); ++i)
      if (part.pixels()[i] >= 128) mask.pixels()[i] = 255;
  }
  return mask;
}

Status CocoAnnotations::Add(const fs::path& file) {
  KANTEI_TRY(const std::string text, ReadTextFile(file, kMostBytes));
  return AddJson(text, DisplayPath(file));
}

Status CocoAnnotations::AddJson(std::string_view text, std::string_view name) {
  KANTEI_TRY(const Json root, ParseJson(text, name));
  if (!root.is_object() || !root.contains("images") || !root.at("images").is_array())
    return Corrupt(name, "top", "expected COCO's form, an object with \"images\" and \"annotations\"");
  const auto list = [&](const char* key) -> Result<const Json*> {
    static const Json none = Json::array();
    if (!root.contains(key)) return &none;
    if (!root.at(key).is_array()) return Corrupt(name, key, "expected a list");
    return &root.at(key);
  };
  KANTEI_TRY(const Json* images, list("images"));
  KANTEI_TRY(const Json* categories, list("categories"));
  KANTEI_TRY(const Json* annotations, list("annotations"));
  if (images->size() > kMostAnnotations || annotations->size() > kMostAnnotations)
    return Error{ErrorCode::kTooLarge, std::string(name) + " has more than 5 million entries"};

  std::unordered_map<std::int64_t, std::size_t> by_id;
  for (std::size_t i = 0; i < images->size(); ++i) {
    const std::string place = "images[" + std::to_string(i) + "]";
    const Json& image = (*images)[i];
    if (!image.is_object() || !image.contains("id") || !image.at("id").is_number_integer() ||
        !image.contains("file_name") || !image.at("file_name").is_string())
      return Corrupt(name, place, "expected \"id\" and \"file_name\"");
    const std::optional<int> width = Side(image, "width"), height = Side(image, "height");
    if (!width || !height) return Corrupt(name, place, "width and height must be 1 to 65535");
    const std::string& file = image.at("file_name").get_ref<const std::string&>();
    const auto [known, is_new] = by_name_.try_emplace(file, pictures_.size());
    if (is_new) {
      pictures_.push_back({file, *width, *height, {}, {}});
      by_last_.emplace(LastPart(file), known->second);
    }
    const CocoPicture& picture = pictures_[known->second];
    if (picture.width != *width || picture.height != *height)
      return Corrupt(name, place, "\"" + Clean(file, kMostWord) + "\" was given with another size before");
    if (!by_id.try_emplace(image.at("id").get<std::int64_t>(), known->second).second)
      return Corrupt(name, place, "its id stands there twice");
  }
  std::unordered_map<std::int64_t, std::string> names;
  for (std::size_t i = 0; i < categories->size(); ++i) {
    const Json& category = (*categories)[i];
    if (!category.is_object() || !category.contains("id") || !category.at("id").is_number_integer() ||
        !category.contains("name") || !category.at("name").is_string())
      return Corrupt(name, "categories[" + std::to_string(i) + "]", "expected \"id\" and \"name\"");
    names[category.at("id").get<std::int64_t>()] = Clean(category.at("name").get<std::string>(), kMostWord);
  }
  for (std::size_t i = 0; i < annotations->size(); ++i) {
    const std::string place = "annotations[" + std::to_string(i) + "]";
    const Json& annotation = (*annotations)[i];
    if (!annotation.is_object() || !annotation.contains("image_id") ||
        !annotation.at("image_id").is_number_integer())
      return Corrupt(name, place, "expected \"image_id\"");
    const auto image = by_id.find(annotation.at("image_id").get<std::int64_t>());
    if (image == by_id.end()) return Corrupt(name, place, "its image_id is that of no image");
    CocoPicture& picture = pictures_[image->second];
    if (annotation.contains("caption") && annotation.at("caption").is_string())
      picture.captions.push_back(Clean(annotation.at("caption").get<std::string>(), kMostCaption));
    if (!annotation.contains("segmentation")) continue;
    CocoObject object;
    if (!annotation.contains("category_id") || !annotation.at("category_id").is_number_integer())
      return Corrupt(name, place, "expected \"category_id\"");
    const auto category = names.find(annotation.at("category_id").get<std::int64_t>());
    if (category == names.end()) return Corrupt(name, place, "its category_id is that of no category");
    object.category = category->second;
    const Json& shape = annotation.at("segmentation");
    const std::string problem = shape.is_object()  ? ReadRle(shape, picture, &object)
                                : shape.is_array() ? ReadPolygons(shape, picture, &object)
                                                   : "a segmentation is neither polygons nor run lengths";
    if (!problem.empty()) return Corrupt(name, place, problem);
    if (object.share > 0) picture.objects.push_back(std::move(object));
  }
  return {};
}

const CocoPicture* CocoAnnotations::Find(const fs::path& file) const {
  const std::string path = file.generic_string();
  const auto [first, last] = by_last_.equal_range(LastPart(path));
  const CocoPicture* best = nullptr;
  bool two = false;
  for (auto it = first; it != last; ++it) {
    const CocoPicture& picture = pictures_[it->second];
    const std::string& name = picture.file_name;
    const bool fits = path.ends_with(name) && (path.size() == name.size() || name.starts_with('/') ||
                                               path[path.size() - name.size() - 1] == '/');
    if (!fits) continue;
    two = best != nullptr && best->file_name.size() == name.size();
    if (best == nullptr || name.size() > best->file_name.size()) best = &picture;
  }
  return two ? nullptr : best;
}

}  // namespace kantei::dataset
